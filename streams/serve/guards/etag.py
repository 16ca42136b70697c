"""Answers 304 where a client has the answer already."""

from __future__ import annotations

from hashlib import blake2b

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.serve.live.event_stream import MEDIA_TYPE as STREAM_TYPE

_OK = 200
_NOT_MODIFIED = 304


class EntityTags:
    """Gives each answer to GET that is no stream an `ETag` of its bytes; the answer is made, only not sent again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _TaggedAnswer(Headers(scope=scope).get("if-none-match"), send))


class _TaggedAnswer:
    """A `send` that holds an answer back until it is whole."""

    def __init__(self, condition: str | None, send: Send) -> None:
        self._condition = condition
        self._send = send
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _has_tag(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = b"".join(self._parts)
        headers = MutableHeaders(raw=list(start["headers"]))
        tag = headers.get("etag") or f'"{blake2b(body, digest_size=12).hexdigest()}"'
        headers["etag"] = tag
        status = _OK
        if self._condition is not None and _is_met(self._condition, tag):
            status, body = _NOT_MODIFIED, b""
            for name in ("content-length", "content-type"):
                if name in headers:
                    del headers[name]
        await self._send({**start, "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


def _has_tag(start: Message) -> bool:
    headers = Headers(raw=start.get("headers", []))
    return start["status"] == _OK and not headers.get("content-type", "").startswith(STREAM_TYPE)


def _is_met(condition: str, tag: str) -> bool:
    tags = [each.strip().removeprefix("W/") for each in condition.split(",")]
    return "*" in tags or tag.removeprefix("W/") in tags
