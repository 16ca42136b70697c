"""The Redis that `serve` starts where none is named, and starts again when it dies."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from connectors.ports import accepts_connections, free_port
from connectors.redis.local import LocalRedis
from streams.errors import LocalRedisError
from streams.kafka.view_groups import new_embedded_name

log = structlog.get_logger()

LOOK_SECONDS = 1.0


class OwnRedis:
    """A server on one port of loopback for as long as this object lives; what it held is built again after a loss."""

    def __init__(self, folder: Path, look_seconds: float = LOOK_SECONDS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.group_name = new_embedded_name()
        """The consumer group of what is written into it, another one in each run: nothing is kept on disk."""
        self._port = free_port()
        self._server = LocalRedis(folder, self._port)
        self._look_seconds = look_seconds

    def __enter__(self) -> Self:
        self._server.start()
        log.info("embedded Redis", url=self.url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """The address for clients; it stays the same."""
        return f"redis://127.0.0.1:{self._port}/0"

    async def keep_running(self) -> None:
        """Starts the server again whenever it does not answer; returns only by a cancellation."""
        while True:
            await asyncio.sleep(self._look_seconds)
            if not accepts_connections(self._port):
                log.warning("embedded Redis is gone", url=self.url)
                await asyncio.to_thread(self._restart)

    def _restart(self) -> None:
        self._server.stop()
        try:
            self._server.start()
        except LocalRedisError as error:
            log.error("embedded Redis", problem=str(error))  # noqa: TRY400 - one line, no traceback; it is tried again
