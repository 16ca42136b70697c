"""`leadstream serve` as a process, and a client of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from connectors.ports import free_port
from tests.harness.deployment.pipeline import wait_until

API = "/api/v1"
LIMIT_SECONDS = 120.0

_START = "from streams.cli.main import run; run()"


class ServeProcess:
    """A server on `port` of loopback, or on a free one; `environment` are its settings.

    A context manager: it ends the process.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], *options: str, port: int = 0) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"serve-{self.port}.log"
        self.client = httpx.Client(base_url=self.url + API, timeout=60)
        self._environment = dict(environment)
        self._options = options
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ServeProcess:
        own = {name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_")}
        command = [sys.executable, "-c", _START, "serve", "--port", str(self.port), *self._options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env={**own, **self._environment}, stdout=log, stderr=log)
        wait_until(lambda: self.url in self.text or not self.is_running, LIMIT_SECONDS, "the server does not start")
        assert self.is_running, self.text
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self.is_running:
            self.stop()

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def text(self) -> str:
        """All that it has written."""
        return self.log.read_text(errors="replace")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Ends it with a signal; returns the exit code and how many seconds that took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        try:
            return self.process.wait(60), time.monotonic() - began
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def wait_until_ready(self) -> None:
        """Until the read models are built."""
        wait_until(lambda: self.get("/health").status_code == 200, LIMIT_SECONDS, "the read models are not built")

    def get(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a question."""
        return self.client.get(path, **options)

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """The answer to a command; headers have `_` in place of `-`."""
        return self.client.post(
            path, json=body, headers={key.replace("_", "-"): value for key, value in headers.items()}
        )

    @contextmanager
    def follow(self, query: str = "", last_event_id: str | None = None) -> Iterator[Iterator[dict[str, Any]]]:
        """The changes of a stream as they come, each with its `position`."""
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        with self.client.stream("GET", f"/changes/stream{query}", headers=headers, timeout=60) as response:
            assert response.status_code == 200, response.read()
            yield _changes(response.iter_lines())


def _changes(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
            continue
        if fields.get("event") == "change":
            yield {"position": fields["id"], **msgspec.json.decode(fields["data"])}
        fields = {}
