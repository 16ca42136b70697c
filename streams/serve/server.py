"""Runs the HTTP server: its socket, its Redis, its end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

import structlog
import uvicorn
from starlette.types import ASGIApp

from streams.errors import AddressUnavailable, ConfigurationError, RedisUnavailable
from streams.runtime.process.supervisor import Supervisor
from streams.serve.addresses import url_host
from streams.serve.app import create_app
from streams.serve.context import ServeContext
from streams.serve.guards.connection import BoundedConnection
from streams.serve.guards.stack import AccessPolicy
from streams.serve.own_redis import OwnRedis
from streams.serve.redis_connection import LazyRedis
from streams.serve.tokens import require_tokens
from streams.serve.views_process import views_supervisor
from streams.settings import Settings
from streams.tracing.spans import start_spans
from streams.views.reader import ViewReader

log = structlog.get_logger()

STOP_SECONDS = 8
"""How long open requests may take when the server stops."""
KEEP_ALIVE_SECONDS = 15
MAX_HEAD_BYTES = 65_536


async def run_server(settings: Settings, on_start: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; `on_start` gets the address when requests are answered.

    Raises ConfigurationError without tokens where others could ask, AddressUnavailable, LocalRedisError,
    RedisRefused. A Redis or Kafka that is away ends nothing: requests are told.
    """
    tokens = require_tokens(settings)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listen(settings.serve_host, settings.serve_port))
        own = None if settings.redis_url else stack.enter_context(OwnRedis(settings.data_dir / "redis"))
        if own is not None:
            settings = settings.model_copy(update={"redis_url": own.url, "views_group": own.group_name})
        async with _context(settings) as context:
            policy = AccessPolicy(host=settings.serve_host, tokens=tokens)
            server = _Server(_config(create_app(context, policy)), lambda: on_start(_address(settings)))
            views = views_supervisor(settings) if own else None
            keeping = asyncio.create_task(own.keep_running()) if own else None
            try:
                await _serve(server, context, listener, views)
            finally:
                if keeping is not None:
                    keeping.cancel()
                    await asyncio.wait([keeping])


class _Server(uvicorn.Server):
    """Tells when it has started, and leaves signals to `_serve`.

    uvicorn would raise them again at its end, and the exit code would be theirs.
    """

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to answer."""
        await super().startup(sockets)
        gc.freeze()  # modules and routes stay: to look for garbage in them would hold back answers, and the end
        self._on_start()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures nothing."""
        yield


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        cast(Any, app),  # uvicorn's own types of ASGI are narrower than Starlette's
        http=BoundedConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # it writes the query, and with it what people ask for
        server_header=False,
        proxy_headers=False,  # whoever asks could name any address as the client's
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
    )


async def _serve(server: _Server, context: ServeContext, listener: socket.socket, views: Supervisor | None) -> None:
    """Serves beside the process that writes the embedded Redis, if it is our own, until a signal.

    Raises ConfigurationError when that process has ended for good.
    """

    def stop() -> None:
        server.force_exit = server.should_exit  # the second time nothing is waited for
        server.should_exit = True
        context.stop()
        if views is not None:
            views.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    writing = None if views is None else asyncio.create_task(views.run())
    if writing is not None:
        # After a signal it ends, too: that is no second one, and open requests have their time.
        writing.add_done_callback(lambda _task: None if server.should_exit else stop())
    try:
        await server.serve(sockets=[listener])
    finally:
        if views is not None and writing is not None:
            views.stop()
            if await writing:
                raise ConfigurationError("the process that writes the read models ended; its last line says why")


@contextlib.asynccontextmanager
async def _context(settings: Settings) -> AsyncIterator[ServeContext]:
    redis = LazyRedis(settings.redis_url or "")
    context = ServeContext(settings, ViewReader(redis, settings.prefix))
    spans = context.writer.spans = start_spans("serve", settings.name or "serve")
    try:
        try:
            await redis.connect()
        except RedisUnavailable as error:
            log.warning("Redis is away", problem=str(error))
        yield context
    finally:
        await context.close()
        await redis.close()
        if spans is not None:
            spans.close()


@contextlib.contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens. Raises AddressUnavailable."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        # Python puts the address into the text of some errors, where it stands already.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or error
        raise AddressUnavailable(
            f"serve cannot listen on {url_host(host)}:{port} ({reason}); take another --port or"
            " --host, or stop what listens there"
        ) from error
    with listener:
        yield listener


def _address(settings: Settings) -> str:
    return f"http://{url_host(settings.serve_host)}:{settings.serve_port}"
