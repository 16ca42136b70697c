"""The application: routes behind guards, every error a problem, the console beside the API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.errors import LeadstreamError
from streams.serve.answers.questions import MAX_DRAFT
from streams.serve.console_files import console_app
from streams.serve.context import ServeContext
from streams.serve.guards.stack import AccessPolicy, guard
from streams.serve.openapi import TITLE, openapi_document
from streams.serve.problems import PROBLEM_KINDS, FaultyField, HttpProblem, problem_from_error
from streams.serve.routes import (
    accounts,
    campaigns,
    changes,
    commands,
    contacts,
    dead_letters,
    definitions,
    explain,
    health,
    leads,
    search,
    segments,
    workers,
)

API = "/api/v1"
CONSOLE_FOLDER = Path(__file__).parent / "console"

READINGS = frozenset({f"{API}/search", f"{API}/definitions/plan"})
"""Where POST only asks: a token that reads is enough."""
BODY_BOUNDS = {f"{API}/definitions/plan": MAX_DRAFT + 1_000_000}
"""Path -> bytes, where a body may be larger than elsewhere."""

_ROUTERS: tuple[APIRouter, ...] = (
    commands.router,  # before segments, of which `/segments/add` could be one
    accounts.router,
    contacts.router,
    explain.router,
    segments.router,
    leads.router,
    campaigns.router,
    changes.router,
    search.router,
    definitions.router,
    dead_letters.router,
    workers.router,
    health.router,
)


def create_app(context: ServeContext, policy: AccessPolicy | None = None) -> ASGIApp:
    """The whole application; by default as on loopback, without tokens."""
    return guard(
        _Sites(create_api(context), console_app(CONSOLE_FOLDER)),
        policy or AccessPolicy(),
        readings=READINGS,
        body_bounds=BODY_BOUNDS,
    )


def create_api(context: ServeContext | None = None) -> FastAPI:
    """The API without guards; without a context it can only be described."""
    api = FastAPI(title=TITLE, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    api.state.context = context
    for router in _ROUTERS:
        api.include_router(router, prefix=API)
    api.add_exception_handler(Exception, _answer_failure)
    api.add_exception_handler(HttpProblem, _answer_problem)
    api.add_exception_handler(LeadstreamError, _answer_error)
    api.add_exception_handler(RequestValidationError, _answer_invalid)
    api.add_exception_handler(HTTPException, _answer_http_exception)
    document: dict[str, Any] = {}

    async def show_openapi() -> JSONResponse:
        if not document:
            document.update(await asyncio.to_thread(openapi_document, api))
        return JSONResponse(document)

    api.add_api_route(f"{API}/openapi.json", show_openapi, include_in_schema=False)
    return api


class _Sites:
    """The API below its path, the console everywhere else."""

    def __init__(self, api: ASGIApp, console: ASGIApp) -> None:
        self._api = api
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith("/api")
        await (self._api if is_api else self._console)(scope, receive, send)


async def _answer_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpProblem)
    return error.response()


async def _answer_failure(_request: Request, _error: Exception) -> Response:
    return HttpProblem("internal", "an error in the server; its log has a line about it").response()


async def _answer_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, LeadstreamError)
    return problem_from_error(error).response()


async def _answer_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # What was sent is not shown again: it may be personal data, and is known to whoever sent it. A lone surrogate in
    # the rest could not be encoded.
    errors = [
        FaultyField(
            where=".".join(map(str, each["loc"])), message=each["msg"].encode("utf-8", "backslashreplace").decode()
        )
        for each in error.errors()[:50]
    ]
    first = errors[0]
    return HttpProblem("invalid", f"{first.where}: {first.message}", errors=errors).response()


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds = {kind.status: name for name, kind in reversed(list(PROBLEM_KINDS.items()))}
    details: Mapping[int, str] = {
        404: f"nothing is there; {API}/openapi.json describes what is",
        405: f"{request.method} is not for this resource; `Allow` names what is",
    }
    kind = kinds.get(error.status_code, "bad-request")
    headers = dict(error.headers or {})
    if headers.get("Allow") == "GET":
        headers["Allow"] = "GET, HEAD"  # guards/head.py
    return HttpProblem(kind, details.get(error.status_code, str(error.detail)), headers=headers).response()
