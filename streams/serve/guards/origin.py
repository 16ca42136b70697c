"""Keeps pages of other sites out: a browser on this machine reaches loopback whoever wrote the page that it shows."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.serve.addresses import LOOPBACK_NAMES, host_name, is_loopback
from streams.serve.problems import HttpProblem


class OriginGuard:
    """Refuses requests that a page of another site made a browser send.

    Where the server listens on loopback, `Host` has to be a name of loopback: a name of somebody else that leads here
    makes that somebody's page one of this server (DNS rebinding). CORS stays closed: no answer allows another origin.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._own_names = LOOPBACK_NAMES | {host.lower()} if is_loopback(host) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 403 or 421."""
        problem = self._problem(scope) if scope["type"] == "http" else None
        if problem is not None:
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _problem(self, scope: Scope) -> HttpProblem | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._own_names is not None and host_name(host) not in self._own_names:
            return HttpProblem(
                "wrong-host", "ask for 127.0.0.1, localhost or [::1]: the server answers to no other name"
            )
        origin = headers.get("origin")
        if origin is not None and not _is_same(origin, host):
            return HttpProblem("foreign-origin", "pages of another origin may not ask this server")
        site = headers.get("sec-fetch-site", "none")
        # To follow a link from another site to the console is fine: that page's scripts never see it.
        is_visit = scope["method"] in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
        if site not in ("none", "same-origin") and not is_visit:
            return HttpProblem("foreign-origin", "pages of another site may not ask this server")
        return None


def _is_same(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
