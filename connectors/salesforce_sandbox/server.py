"""The sandbox over HTTP: logs every request, injects the ordered faults, and checks the token."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Mapping
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.control import routes as control
from connectors.salesforce_sandbox.faults import Fault
from connectors.salesforce_sandbox.org import ORG, OAuthClient, Org
from connectors.salesforce_sandbox.rest import collections, oauth, query, sobjects

HOST = "127.0.0.1"
BASE = "/services/data/v{version:[0-9.]+}"
VERSIONS = ("58.0", "59.0", "60.0", "61.0", "62.0", "63.0", "64.0", "65.0", "66.0", "67.0")
MAX_BODY_BYTES = 6_000_000
NO_RESPONSE_STATUS = 444

RequestHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SandboxServer:
    """A sandbox on a loopback port; `async with SandboxServer() as org:` serves until the block ends."""

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = HOST,
        client_id: str = "leadstream",
        client_secret: str = "leadstream",
        campaigns: Mapping[str, str] | None = None,
    ) -> None:
        self.org = Org(OAuthClient(client_id, client_secret), campaigns or {})
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The origin of the org, once started."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Starts to serve, on a free port when `port` is 0. Raises OSError when the port is in use."""
        self._runner = web.AppRunner(create_application(self.org), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stops serving; nothing when it is not started."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def serve(org: SandboxServer, on_start: Callable[[str], None]) -> None:
    """Serves in the foreground until SIGINT or SIGTERM; `on_start` gets the address. Raises OSError as `start`."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    async with org:
        on_start(org.url)
        await stop.wait()


def create_application(org: Org) -> web.Application:
    """Returns the HTTP application of an org."""
    app = web.Application(middlewares=[_log_request, _serve_request], client_max_size=MAX_BODY_BYTES)
    app[ORG] = org
    app.on_response_prepare.append(_add_headers)
    app.add_routes(control.routes())
    app.add_routes(oauth.routes())
    app.add_routes([web.get("/services/data", _versions), web.get("/services/data/", _versions)])
    app.add_routes([web.get(f"{BASE}/limits", _limits), web.get(f"{BASE}/limits/", _limits)])
    app.add_routes(collections.routes(BASE))
    app.add_routes(query.routes(BASE))
    app.add_routes(sobjects.routes(BASE))
    return app


@web.middleware
async def _log_request(request: web.Request, handler: RequestHandler) -> web.StreamResponse:
    """Writes the request log, without the body of a login, which holds a secret."""
    if request.path.startswith(control.BASE):
        return await handler(request)
    entry: dict[str, Any] = {"method": request.method, "path": request.path, "query": dict(request.query)}
    if not request.path.startswith("/services/oauth2"):
        entry["body"] = _parse_body(await request.text())
        entry["headers"] = {name: value for name, value in request.headers.items() if name.startswith("Sforce-")}
    entry["status"] = None
    request.app[ORG].request_log.append(entry)
    response = await handler(request)
    entry["status"] = response.status
    return response


@web.middleware
async def _serve_request(request: web.Request, handler: RequestHandler) -> web.StreamResponse:
    """Answers a request, or fails as a fault orders."""
    try:
        if request.path.startswith(control.BASE):
            return await handler(request)
        fault = request.app[ORG].faults.trigger_for_request(request.method, request.path)
        if _is_data_request(request):
            oauth.check_token(request)
            request.app[ORG].request_count += 1
        if fault is not None and fault.kind == "drop":
            return _drop_connection(request)
        if fault is not None:
            _fail_before(fault)
        response = await handler(request)
        return response if fault is None else await _fail_after(request, fault, response)
    except ApiError as problem:
        return problem.to_response()
    except web.HTTPServiceUnavailable as unavailable:
        return web.Response(text=unavailable.text, status=503, content_type="text/html")
    except web.HTTPNotFound:
        missing = ApiError("NOT_FOUND", "The requested resource does not exist", None, status=404)
        return missing.to_response()


def _fail_before(fault: Fault) -> None:
    if fault.kind == "html_503":
        page = "<html><head><title>Service not available</title></head><body>Maintenance</body></html>"
        raise web.HTTPServiceUnavailable(text=page, content_type="text/html")
    if fault.kind == "invalid_session":
        raise oauth.invalid_session()
    if fault.kind == "daily_limit":
        raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", None, status=403)
    if fault.kind == "concurrent_limit":
        raise ApiError("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.", None, status=403)
    if fault.kind == "row_lock":
        message = "unable to obtain exclusive access to this record or 1 records"
        raise ApiError("UNABLE_TO_LOCK_ROW", message, status=500)


async def _fail_after(request: web.Request, fault: Fault, response: web.StreamResponse) -> web.StreamResponse:
    if fault.kind == "drop_after_commit":
        return _drop_connection(request)
    if fault.kind == "slow_after_commit":
        await asyncio.sleep(fault.seconds)
    if fault.kind == "error_after_commit":
        message = "An unexpected error occurred. Please include this ErrorId if you contact support"
        raise ApiError("UNKNOWN_EXCEPTION", message, None, status=500)
    if fault.kind == "truncated" and isinstance(response, web.Response) and isinstance(response.body, bytes):
        half = response.body[: len(response.body) // 2]
        return web.Response(body=half, status=response.status, content_type="application/json")
    return response


def _drop_connection(request: web.Request) -> web.Response:
    """Ends the connection. The client never gets the response; its status is for the request log."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=NO_RESPONSE_STATUS)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    org = request.app[ORG]
    response.headers["Date"] = format_datetime(org.store.now(), usegmt=True)
    if _is_data_request(request):
        response.headers["Sforce-Limit-Info"] = f"api-usage={org.request_count}/{org.settings.daily_limit}"


def _is_data_request(request: web.Request) -> bool:
    return request.path.startswith("/services/data/v")


async def _versions(_: web.Request) -> web.Response:
    versions = [
        {"label": f"Version {version}", "url": f"/services/data/v{version}", "version": version}
        for version in VERSIONS
    ]
    return web.json_response(versions)


async def _limits(request: web.Request) -> web.Response:
    limit = request.app[ORG].settings.daily_limit
    remaining = limit - request.app[ORG].request_count
    return web.json_response({"DailyApiRequests": {"Max": limit, "Remaining": remaining}})


def _parse_body(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
