"""A process that is measured with all its descendants: CPU time, peak memory, and how far it is at which time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import ProcessUsage

STOP_SECONDS = 30.0


class Sample(NamedTuple):
    """How far a process is (events handled) at an instant, and the CPU time (s) that it and the broker used."""

    seconds: float
    progress: int
    cpu: float
    broker_cpu: float


@dataclass
class MeasuredProcess:
    """A process that was started for a run, its log, and the id of the broker's process."""

    process: subprocess.Popen[bytes]
    log: Path
    broker_pid: int
    samples: list[Sample] = field(default_factory=list)
    peak_anonymous_mb: int = 0
    """The most anonymous memory that a sample found."""

    @classmethod
    def start(
        cls, command: Sequence[str], log: Path, broker_pid: int, folder: Path, environment: Mapping[str, str]
    ) -> MeasuredProcess:
        """Starts a command in a folder; what it prints goes into the log."""
        with log.open("ab") as out:
            process = subprocess.Popen(
                command,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                env={**os.environ, **environment},
            )
        return cls(process, log, broker_pid)

    def sample(self, progress: int) -> None:
        """Adds a sample. Raises RuntimeError when the process has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"a process ended by itself with {self.process.returncode}, see {self.log}")
        members = process_tree(self.process.pid)
        cpu = _usage_of(members).cpu
        self.samples.append(Sample(time.monotonic(), progress, cpu, ProcessUsage.from_pid(self.broker_pid).cpu))
        self.peak_anonymous_mb = max(self.peak_anonymous_mb, _anonymous_of(members))

    def stop(self) -> None:
        """Ends the process; by SIGKILL where SIGTERM does not end it within 30 s."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends the process and its descendants by SIGKILL."""
        for pid in process_tree(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def process_tree(pid: int) -> list[int]:
    """Returns a process and all its descendants that live."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
        children.setdefault(parent, []).append(int(stat.parent.name))
    tree = [pid]
    for member in tree:
        tree.extend(children.get(member, ()))
    return tree


def anonymous_memory(pid: int) -> int:
    """Returns the resident memory (MB) of a process and its descendants that no file is behind."""
    return _anonymous_of(process_tree(pid))


def _anonymous_of(members: Sequence[int]) -> int:
    total = 0
    for member in members:
        status = Path(f"/proc/{member}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        total += sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))
    return total // 1024


def tree_usage(pid: int) -> ProcessUsage:
    """Returns CPU time (s) and peak memory (MB) of a process and its living descendants together."""
    return _usage_of(process_tree(pid))


def _usage_of(members: Sequence[int]) -> ProcessUsage:
    usages = [ProcessUsage.from_pid(member) for member in members]
    return ProcessUsage(sum(each.cpu for each in usages), sum(each.memory for each in usages))
