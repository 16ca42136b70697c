"""Lets in who has a token: to read with either kind, to write with a token for writing."""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.serve.problems import HttpProblem
from streams.serve.tokens import AccessTokens

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = 'Bearer realm="leadstream"'
_BASIC = 'Basic realm="leadstream: any user, the token as password", charset="UTF-8"'


class Authorization:
    """Answers 401 without a valid token and 403 where it only reads; `readings` are paths where POST only asks."""

    def __init__(self, app: ASGIApp, tokens: AccessTokens, readings: Collection[str]) -> None:
        self._app = app
        self._tokens = tokens
        self._readings = frozenset(readings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 401 or 403."""
        problem = self._problem(scope) if scope["type"] == "http" and self._tokens else None
        if problem is not None:
            response = problem.response()
            # A script of the console asks for a token on its page, and not in a window of the browser's.
            if problem.kind == "unauthorized" and Headers(scope=scope).get("sec-fetch-dest") != "empty":
                response.headers.append(
                    "WWW-Authenticate", _BASIC
                )  # of one line Chromium reads the first scheme alone
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _problem(self, scope: Scope) -> HttpProblem | None:
        value = Headers(scope=scope).get("authorization")
        allowed = self._tokens.scope_of(None if value is None else value.encode("latin-1"))
        if allowed is None:
            return HttpProblem(
                "unauthorized",
                "send `Authorization: Bearer TOKEN` with one of LEADSTREAM_SERVE_TOKENS",
                headers={"WWW-Authenticate": _BEARER},
            )
        is_reading = scope["method"] in _SAFE_METHODS or scope["path"] in self._readings
        if not is_reading and allowed != "write":
            return HttpProblem("forbidden", "this token only reads; take one of those that write")
        return None
