"""The figures of a benchmark: latency statistics, usage of processes, and the file with all results."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec


@dataclass(frozen=True)
class LatencyStats:
    """Statistics of latencies (ms): their count, median, 99th percentile and maximum."""

    count: int
    p50: float
    p99: float
    most: float

    @classmethod
    def from_values(cls, values: Sequence[float]) -> LatencyStats:
        """Returns the statistics of the values; zeros where there are none."""
        ranked = sorted(values)
        if not ranked:
            return cls(0, 0.0, 0.0, 0.0)
        return cls(len(ranked), _at(ranked, 50), _at(ranked, 99), round(ranked[-1], 1))

    def __str__(self) -> str:
        return f"p50 {self.p50:.0f} ms, p99 {self.p99:.0f} ms, most {self.most:.0f} ms ({self.count})"


def _at(ranked: Sequence[float], percent: int) -> float:
    """Returns the smallest value that `percent` of all values do not exceed."""
    index = -(-len(ranked) * percent // 100) - 1
    return round(ranked[index], 1)


@dataclass(frozen=True)
class ProcessUsage:
    """Usage of a process since its start: CPU time (s) and peak memory (MB)."""

    cpu: float
    memory: int

    @classmethod
    def from_pid(cls, pid: int) -> ProcessUsage:
        """Reads the usage from the system; zeros where that is not possible."""
        try:
            times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return cls(0.0, 0)
        ticks = int(times[11]) + int(times[12])  # user and system time
        peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
        return cls(ticks / os.sysconf("SC_CLK_TCK"), int(peak) // 1024)


def machine_busy_seconds() -> float:
    """Returns the CPU time (s) that the cores of the machine have worked since its start, whoever for; zero where the
    system does not tell.
    """
    try:
        first = Path("/proc/stat").read_text().partition("\n")[0].split()
    except OSError:
        return 0.0
    user, nice, system, _idle, _iowait, irq, softirq = map(int, first[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def write_result(path: Path, result: Any) -> None:
    """Writes a dataclass as a JSON file, so that runs can be compared."""
    document = {**asdict(result), "cores": os.cpu_count()}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
