"""`leadstream serve` as a process, which can be stopped and started again on the same port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from connectors.ports import free_port

_COMMAND = [sys.executable, "-c", "from streams.cli.main import run; run()", "serve"]


class ServeProcess:
    """Use as a context manager; `environment` is that of the deployment."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_")},
            **environment,
            "LEADSTREAM_SERVE_PORT": str(free_port()),
        }
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ServeProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._environment['LEADSTREAM_SERVE_PORT']}/"

    def start(self) -> None:
        """Starts it and returns when it has said its address."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(_COMMAND, env=self._environment, stdout=subprocess.PIPE, stderr=log)
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        assert line.startswith("http://"), f"{line}\n{self._log.read_text()}"

    def stop(self) -> None:
        """Ends it as Ctrl-C does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.communicate(timeout=60)
            self._process = None
