"""The HTTP session under simple-salesforce: a timeout on every call, no hidden retries, the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from connectors.salesforce.org.connection import Connection

ResponseHook = Callable[[requests.Response], None]


class TimeoutAdapter(HTTPAdapter):
    """Gives every request a timeout in seconds (connect, read); simple-salesforce sets none on most of its calls."""

    def __init__(self, timeout: tuple[float, float]) -> None:
        self._timeout = timeout
        super().__init__(max_retries=0)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Sends the request, with the adapter's timeout where the call has none."""
        if options.get("timeout") is None:
            options["timeout"] = self._timeout
        return super().send(request, *args, **options)


class SandboxAdapter(TimeoutAdapter):
    """Takes every https request to the sandbox; simple-salesforce writes https into each of its addresses."""

    def __init__(self, origin: str, timeout: tuple[float, float]) -> None:
        self._origin = urlsplit(origin)
        super().__init__(timeout)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Sends the request to the sandbox, past any proxy."""
        parts = urlsplit(str(request.url))
        request.url = urlunsplit((self._origin.scheme, self._origin.netloc, parts.path, parts.query, ""))
        options["proxies"] = {}
        return super().send(request, *args, **options)


def create_session(connection: Connection, hook: ResponseHook | None = None) -> requests.Session:
    """Returns a session for one thread; `hook` gets every response."""
    timeout = (connection.connect_timeout, connection.read_timeout)
    session = requests.Session()
    if connection.url is None:
        session.mount("https://", TimeoutAdapter(timeout))
    else:
        session.mount("https://", SandboxAdapter(connection.url, timeout))
        session.trust_env = False
    if hook is not None:
        session.hooks["response"].append(lambda response, *_, **__: hook(response))
    return session
