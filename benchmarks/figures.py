"""What a benchmark reports: spreads of latencies, what processes used, and a file with all of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec


@dataclass(frozen=True)
class LatencyStats:
    """How latencies (ms) spread: by count, median, 99th percentile and the most."""

    count: int
    p50: float
    p99: float
    most: float

    @classmethod
    def from_values(cls, values: Sequence[float]) -> LatencyStats:
        """The spread of the values; zeros where there are none."""
        ranked = sorted(values)
        if not ranked:
            return cls(0, 0.0, 0.0, 0.0)
        return cls(len(ranked), _at(ranked, 50), _at(ranked, 99), round(ranked[-1], 1))

    def __str__(self) -> str:
        return f"p50 {self.p50:.0f} ms, p99 {self.p99:.0f} ms, most {self.most:.0f} ms ({self.count})"


def _at(ranked: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent of all do not exceed."""
    place = -(-len(ranked) * percent // 100) - 1
    return round(ranked[place], 1)


@dataclass(frozen=True)
class ProcessUsage:
    """What a process has used since its start: seconds of CPU, and the most memory it held (MB)."""

    cpu: float
    memory: int

    @classmethod
    def from_pid(cls, pid: int) -> ProcessUsage:
        """Read from the system, zeros where it does not tell."""
        try:
            times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return cls(0.0, 0)
        ticks = int(times[11]) + int(times[12])  # user and system time
        peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
        return cls(ticks / os.sysconf("SC_CLK_TCK"), int(peak) // 1024)


def write_result(path: Path, result: Any) -> None:
    """Writes a dataclass as a JSON file, for those who compare runs."""
    document = {**asdict(result), "cores": os.cpu_count()}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
