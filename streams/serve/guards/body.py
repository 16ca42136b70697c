"""A bound on the size of requests, and on the time that they take to arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.serve.problems import HttpProblem

MAX_BODY_BYTES = 1_000_000
"""As large as the largest event."""
BODY_SECONDS = 20.0
MAX_TARGET_BYTES = 32_000
"""Path and query; a condition may stand in it, and what is larger belongs into a body."""


class BodyLimit:
    """Reads the body before the route does, up to a bound: nobody makes the server remember more than that.

    `bounds`: path -> bytes, where it is another than `MAX_BODY_BYTES`.
    """

    def __init__(self, app: ASGIApp, bounds: Mapping[str, int], seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._bounds = dict(bounds)
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on with its body, or answers 408, 413 or 415."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read_body(scope, receive)
        except HttpProblem as problem:
            # What is left of the body would be taken for the next request.
            problem.headers["Connection"] = "close"
            await problem.response()(scope, receive, send)
            return
        if body is None:
            return  # the client is gone
        await self._app(scope, _Replay(body, receive), send)

    async def _read_body(self, scope: Scope, receive: Receive) -> bytes | None:
        limit = self._bounds.get(scope["path"], MAX_BODY_BYTES)
        headers = Headers(scope=scope)
        too_large = HttpProblem("too-large", f"a request has at most {limit:,} bytes")
        if len(scope.get("query_string", b"")) + len(scope.get("raw_path") or b"") > MAX_TARGET_BYTES:
            raise HttpProblem("too-large", f"path and query have at most {MAX_TARGET_BYTES:,} bytes")
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > limit:
            raise too_large
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > limit:
                        raise too_large
                    if not message.get("more_body", False):
                        break
        except TimeoutError as error:
            raise HttpProblem("timeout", f"the body did not arrive within {self._seconds:g} s") from error
        if size and not _is_json(headers.get("content-type", "")):
            # It also keeps forms of foreign pages out, which browsers send without asking first.
            raise HttpProblem("unsupported-media-type", "send `Content-Type: application/json`")
        body = b"".join(parts)
        if body:
            _require_json(body)
        return body


class _Replay:
    """A `receive` that gives the body in one message, and then what the connection says."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def _require_json(body: bytes) -> None:
    """Raises HttpProblem for what is no JSON by the standard; Python's own reader also takes `NaN` and the like."""
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise HttpProblem("invalid", f"the body is no JSON: {error}") from error


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"
