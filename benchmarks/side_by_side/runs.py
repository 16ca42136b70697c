"""The figures of one run of one peer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.side_by_side.processes import MeasuredProcess, Sample, anonymous_memory, tree_usage

Memberships = frozenset[tuple[str, str]]
"""Segment and contact."""


@dataclass
class PeerRun:
    """One run of a peer over a cell's events. Times are us an event, after all contacts are loaded."""

    peer: str
    round: int
    events: int = 0
    cpu_us: float = 0.0
    wall_us: float = 0.0
    broker_us: float = 0.0
    early_cpu_us: float = 0.0
    late_cpu_us: float = 0.0
    """CPU time in the first and in the second half of the events."""
    memory_mb: int = 0
    anonymous_mb: int = 0
    """Peak memory, and what is in use at the end without mapped files."""
    peak_anonymous_mb: int = 0
    """The most that was in use at a sample without mapped files."""
    limit_mb: int = 0
    """What the processes and their page cache might have together; 0 without a limit."""
    change_count: int = 0
    members: Memberships = field(default=frozenset(), repr=False)
    """At the end."""
    is_complete: bool = True
    """Whether all events were decided."""

    def fill_times(self, samples: Sequence[Sample], loaded_at: int, total: int) -> None:
        """Fills in the times of the events from the progress `loaded_at` on, when all contacts are loaded.

        The last sample with exactly that progress counts, where there is one; `total` is reached in the last sample.
        """
        exact = [sample for sample in samples if sample.progress == loaded_at]
        loaded = exact[-1] if exact else next(sample for sample in samples if sample.progress > loaded_at)
        last = samples[-1]
        middle = min(samples, key=lambda sample: abs(2 * sample.progress - total - loaded.progress))
        self.events = total - loaded.progress
        self.cpu_us = _us(last.cpu - loaded.cpu, self.events)
        self.wall_us = _us(last.seconds - loaded.seconds, self.events)
        self.broker_us = _us(last.broker_cpu - loaded.broker_cpu, self.events)
        self.early_cpu_us = _us(middle.cpu - loaded.cpu, middle.progress - loaded.progress)
        self.late_cpu_us = _us(last.cpu - middle.cpu, total - middle.progress)

    def fill_memory(self, process: MeasuredProcess) -> None:
        """Fills in the memory of a process that still runs, and its descendants."""
        pid = process.process.pid
        self.memory_mb = tree_usage(pid).memory
        self.anonymous_mb = anonymous_memory(pid)
        self.peak_anonymous_mb = max(self.anonymous_mb, process.peak_anonymous_mb)

    def document(self) -> dict[str, Any]:
        """Returns the figures for a file of JSON."""
        names = (
            *("peer", "round", "events", "cpu_us", "wall_us", "broker_us"),
            *("early_cpu_us", "late_cpu_us", "memory_mb", "anonymous_mb", "peak_anonymous_mb", "limit_mb"),
            *("change_count", "is_complete"),
        )
        return {**{name: getattr(self, name) for name in names}, "member_count": len(self.members)}

    def __str__(self) -> str:
        return (
            f"{self.peer:28} {self.cpu_us:9.1f} us CPU ({self.early_cpu_us:.1f}, then {self.late_cpu_us:.1f}),"
            f" {self.wall_us:9.1f} us wall, broker {self.broker_us:5.1f} us, {self.memory_mb:5} MB"
            f" ({self.peak_anonymous_mb} anonymous{f', limit {self.limit_mb}' if self.limit_mb else ''}),"
            f" {self.change_count:,} changes, {len(self.members):,} members"
        )


def _us(seconds: float, events: int) -> float:
    return round(seconds / events * 1e6, 2) if events > 0 else 0.0
