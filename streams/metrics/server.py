"""The HTTP server of a worker, in its parent process: `/health/live`, `/health/ready` and `/metrics`.

It answers while processes start, hang or are away, and says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiohttp import web

from streams.errors import MetricsAddressRefused
from streams.metrics.exposition import metrics_text
from streams.metrics.worker import WorkerState, read_worker
from streams.runtime.process.supervisor import ChildState
from streams.settings import Settings

log = structlog.get_logger()

STOP_SECONDS = 1.0
"""How long a request under way may take when the worker stops."""


@asynccontextmanager
async def metrics_server(settings: Settings, worker: str, children: Sequence[ChildState]) -> AsyncIterator[str]:
    """Serves until the block ends; its address, HOST:PORT, is logged.

    Raises MetricsAddressRefused where the address cannot be listened on.
    """
    server = WorkerServer(worker, children)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    try:
        address = await _listen(runner, settings.metrics_host, settings.metrics_port or 0)
        log.info("metrics", address=address)
        yield address
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> str:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise MetricsAddressRefused(
            f"cannot serve metrics on {host}:{port} ({error.strerror or error}): set LEADSTREAM_METRICS_HOST to an"
            " address of this machine and LEADSTREAM_METRICS_PORT to a free port, or to 0 for any free one"
        ) from error
    name, number = runner.addresses[0][:2]
    return f"[{name}]:{number}" if ":" in name else f"{name}:{number}"


class WorkerServer:
    """Answers for one worker and its processes."""

    def __init__(self, worker: str, children: Sequence[ChildState]) -> None:
        self._worker = worker
        self._children = children

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/health/live", self.live),
                web.get("/health/ready", self.ready),
                web.get("/metrics", self.metrics),
            ]
        )
        return application

    async def live(self, _request: web.Request) -> web.Response:
        """200 while nothing hangs, else 503: then a restart helps."""
        state = await self._read()
        return _health(state, "alive", is_good=state.is_alive)

    async def ready(self, _request: web.Request) -> web.Response:
        """200 while every process does its work, else 503."""
        state = await self._read()
        return _health(state, "ready", is_good=state.is_ready)

    async def metrics(self, request: web.Request) -> web.Response:
        """The metrics in Prometheus' text format, or in OpenMetrics where that is asked for."""
        body, content_type = metrics_text(await self._read(), request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _read(self) -> WorkerState:
        return await read_worker(self._worker, self._children)


def _health(state: WorkerState, name: str, *, is_good: bool) -> web.Response:
    body: dict[str, Any] = {
        "worker": state.name,
        name: is_good,
        "processes": [process.to_dict() for process in state.processes],
    }
    return web.json_response(body, status=200 if is_good else 503, headers={"Cache-Control": "no-store"})
