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

from connectors.salesforce_sandbox import failures
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.control import routes as control
from connectors.salesforce_sandbox.logins import OAuthClient
from connectors.salesforce_sandbox.org import ORG, Org
from connectors.salesforce_sandbox.rest import collections, composite, oauth, query, resources, sobjects

HOST = "127.0.0.1"
BASE = "/services/data/v{version:[0-9.]+}"
MAX_BODY_BYTES = 6_000_000

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
        self._runner = web.AppRunner(
            create_application(self.org),
            access_log=None,
            shutdown_timeout=1.0,
            # Salesforce takes addresses of 16,384 characters.
            max_line_size=16_384,
        )
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
    app.add_routes(resources.routes(BASE))
    app.add_routes(collections.routes(BASE))
    app.add_routes(composite.routes(BASE))
    app.add_routes(query.routes(BASE))
    app.add_routes(sobjects.routes(BASE))
    return app


@web.middleware
async def _log_request(request: web.Request, handler: RequestHandler) -> web.StreamResponse:
    """Writes the request log, without the body of a login, which holds a secret."""
    if request.path.startswith(control.BASE) or _is_part(request):
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
    if request.path.startswith(control.BASE) or _is_part(request):
        return await _answer_or_refuse(request, handler)
    org = request.app[ORG]
    if org.settings.latency_ms:
        await asyncio.sleep(org.settings.latency_ms / 1000)
    try:
        return await _answer_or_refuse(request, _with_faults(handler))
    except failures.ServiceDown:
        return failures.maintenance_page()
    except failures.ConnectionDropped:
        return failures.drop_connection(request)


async def _answer_or_refuse(request: web.Request, handler: RequestHandler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as problem:
        return problem.to_response()
    except web.HTTPNotFound:
        missing = ApiError("NOT_FOUND", "The requested resource does not exist", None, status=404)
        return missing.to_response()


def _with_faults(handler: RequestHandler) -> RequestHandler:
    async def serve_request(request: web.Request) -> web.StreamResponse:
        failures.check_outage(request)
        soql = request.query.get("q", "")
        fault = request.app[ORG].faults.trigger_for_request(request.method, request.path, soql)
        if _is_data_request(request):
            resources.check_version(request.path)
            oauth.check_token(request)
            failures.check_daily_limit(request)
        if fault is None:
            return await handler(request)
        failures.fail_before(fault)
        return await failures.fail_after(fault, await handler(request))

    return serve_request


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    org = request.app[ORG]
    if response.content_type == "application/json":
        response.headers["Content-Type"] = "application/json;charset=UTF-8"
        response.headers["Cache-Control"] = "no-cache,must-revalidate,max-age=0,no-store,private"
    response.headers["Date"] = format_datetime(org.store.now(), usegmt=True)
    if _is_data_request(request):
        usage = org.request_meter.usage(org.store.now())
        response.headers["Sforce-Limit-Info"] = f"api-usage={usage}/{org.settings.daily_limit}"


def _is_part(request: web.Request) -> bool:
    return composite.PART_HEADER in request.headers


def _is_data_request(request: web.Request) -> bool:
    return request.path.startswith("/services/data/v")


def _parse_body(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
