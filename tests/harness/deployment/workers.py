"""The workers of a chaos run: each under its parent, with a log of its own that says what became of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STOP_SECONDS = 30.0


@dataclass
class WorkerProcess:
    """One parent process and the log of its children."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def log_entries(self) -> Iterator[dict[str, Any]]:
        """The structured lines of the log."""
        for line in self.log.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    yield entry

    def count_logged(self, event: str) -> int:
        """How often an event was logged."""
        return sum(entry.get("event") == event for entry in self.log_entries())

    def child_pid(self) -> int | None:
        """The process id of the child that runs now; None between two children."""
        pid = None
        for entry in self.log_entries():
            if entry.get("event") == "start":
                pid = int(entry["pid"])
        return pid if pid is not None and is_alive(pid) else None

    def signal_child(self, signal_number: int) -> bool:
        """Sends a signal to the child; False when there is none."""
        pid = self.child_pid()
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)
            return True
        return False

    def stop(self) -> int:
        """Stops in good order; the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.signal_child(signal.SIGKILL)
            self.process.kill()
            return self.process.wait()


@dataclass
class WorkerFleet:
    """All workers; `environment` is what their settings are read from, `command` what is started for each."""

    folder: Path
    environment: Mapping[str, str]
    command: Sequence[str] = (sys.executable, "-m", "tests.programs.chaos.supervisor")
    workers: dict[str, WorkerProcess] = field(default_factory=dict)
    former_workers: list[WorkerProcess] = field(default_factory=list)

    def start(self, name: str, tree: Path | None = None) -> WorkerProcess:
        """Starts a worker; `tree` is the folder of another version of the project: its code and packages are run."""
        log = self.folder / f"{name}.log"
        environment, command = {**os.environ, **self.environment, "LEADSTREAM_NAME": name}, self.command
        if tree is not None:
            environment["PYTHONPATH"] = str(tree)
            command = (interpreter_of(tree), *command[1:])
        with log.open("ab") as out:
            process = subprocess.Popen(
                command, stdout=out, stderr=out, env=environment, stdin=subprocess.DEVNULL, cwd=tree
            )
        self.workers[name] = worker = WorkerProcess(name, process, log)
        return worker

    def remove(self, name: str) -> int:
        """Stops a worker for good; its exit code."""
        worker = self.workers.pop(name)
        self.former_workers.append(worker)
        return worker.stop()

    def stop(self) -> dict[str, int]:
        """Stops all; their exit codes."""
        with ThreadPoolExecutor() as pool:
            return dict(zip(self.workers, pool.map(WorkerProcess.stop, self.workers.values()), strict=True))

    def all_workers(self) -> list[WorkerProcess]:
        """All workers there ever were."""
        return [*self.workers.values(), *self.former_workers]


def interpreter_of(tree: Path) -> str:
    """The Python of another version's own environment, as `uv sync` makes it there; without one, this process's."""
    own = tree / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def is_alive(pid: int) -> bool:
    """Whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Any, seconds: float, message: str) -> None:
    """Waits for a condition. Raises TimeoutError naming it."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:.0f} s: {message}")
        time.sleep(0.05)
