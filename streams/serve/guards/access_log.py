"""One log line for each request: method, route, status, time, id of its trace. Never a query, a token or an id."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.serve.parameters import request_trace
from streams.serve.problems import HttpProblem
from streams.tracing.headers import trace_id

log = structlog.get_logger()


class AccessLog:
    """Logs every request, and turns an error that nobody expected into a problem instead of a broken connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; what is no request (the lifespan) as well, unlogged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0
        traced = _trace_field(scope)

        async def record(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, record)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log a line
            # The text of an error, and the values in a traceback, may hold personal data.
            kind, place = type(error).__name__, _place(error)
            log.error("request failed", error=kind, at=place, route=_route(scope), **traced)  # noqa: TRY400
            if not status:
                problem = HttpProblem("internal", "an error in the server; its log has a line about it")
                await problem.response()(scope, receive, record)
        finally:
            ms = round((time.perf_counter() - began) * 1_000, 1)
            log.info("request", method=scope["method"], route=_route(scope), status=status, ms=ms, **traced)


def _route(scope: MutableMapping[str, Any]) -> str:
    """The route as it is defined, `/contacts/{contact}`: ids of contacts are personal data."""
    route = scope.get("route")
    return getattr(route, "path_format", None) or getattr(route, "path", None) or "none"


def _trace_field(scope: MutableMapping[str, Any]) -> dict[str, str]:
    """`trace_id` of the request's trace; nothing where it has none of the right form, which could hold anything."""
    found = trace_id(request_trace(Request(scope)))
    return {} if found is None else {"trace_id": found}


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "unknown" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
