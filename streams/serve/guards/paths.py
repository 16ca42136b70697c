"""Keeps a slash inside an id apart from the slashes between the parts of a path."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from streams.serve.problems import HttpProblem


class PathParts:
    """Decodes each part of a path by itself; in it `%` and `/` stand as `%25` and `%2F` until `decode_part`.

    Servers decode the path as a whole, and `/contacts/a%2Fb` would be another path than the one that was asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 400 where the path is not UTF-8."""
        raw_path = scope.get("raw_path")
        if scope["type"] == "http" and raw_path is not None:
            try:
                scope["path"] = decode_path(raw_path)
            except UnicodeDecodeError:
                problem = HttpProblem("bad-request", "the path is not UTF-8 text")
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)


def decode_path(raw_path: bytes) -> str:
    """The path with each part decoded. Raises UnicodeDecodeError."""
    path = raw_path.partition(b"?")[0]
    return "/".join(_mask(unquote_to_bytes(part).decode()) for part in path.split(b"/"))


def decode_part(part: str) -> str:
    """The text of a part of a decoded path."""
    return part.replace("%2F", "/").replace("%25", "%")


def _mask(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F")
