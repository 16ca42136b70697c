"""How long a rebalance disturbs a slot: until its live events have their usual latency again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.figures import LatencyStats
from benchmarks.live_edit.observer import Probe
from benchmarks.scaling.shares import Slots, WorkerRebalance

SLOW_FACTOR = 2.0
SLOW_MS = 50.0
STEADY_PROBES = 10
"""So many usual latencies in a row end a disturbance."""


def slow_from(calm: LatencyStats) -> float:
    """Returns the latency (ms) above which a live event counts as slow."""
    return max(SLOW_FACTOR * calm.p99, calm.p99 + SLOW_MS)


@dataclass(frozen=True)
class SlotDisturbance:
    """A slot's disturbance by one rebalance, in ms.

    `pause` is the time from the stop of the slot's worker until its worker, the same or another, worked again.
    `length` is the time from that stop until the last slow live event arrived; `most` is the longest latency.
    """

    slot: int
    pause: float
    length: float
    most: float


@dataclass
class DisturbanceFigures:
    """The disturbances of some slots by some rebalances."""

    count: int = 0
    pause: LatencyStats = field(default_factory=lambda: LatencyStats.from_values([]))
    length: LatencyStats = field(default_factory=lambda: LatencyStats.from_values([]))
    longer: LatencyStats = field(default_factory=lambda: LatencyStats.from_values([]))
    """By how much each slot was disturbed longer than its pause."""
    most: float = 0.0

    @classmethod
    def from_slots(cls, disturbances: Sequence[SlotDisturbance]) -> DisturbanceFigures:
        """Returns the figures of these."""
        return cls(
            len(disturbances),
            LatencyStats.from_values([each.pause for each in disturbances]),
            LatencyStats.from_values([each.length for each in disturbances]),
            LatencyStats.from_values([max(0.0, each.length - each.pause) for each in disturbances]),
            round(max((each.most for each in disturbances), default=0.0), 1),
        )

    def __str__(self) -> str:
        return (
            f"pause p50 {self.pause.p50:.0f} most {self.pause.most:.0f} ms, disturbed p50 {self.length.p50:.0f}"
            f" most {self.length.most:.0f} ms, longer than its pause by p50 {self.longer.p50:.0f} most"
            f" {self.longer.most:.0f} ms, longest latency {self.most:.0f} ms ({self.count} slots)"
        )


@dataclass(frozen=True)
class GroupRebalance:
    """All workers' parts in one rebalance."""

    parts: Sequence[WorkerRebalance]

    @classmethod
    def within(cls, rebalances: Iterable[WorkerRebalance], start: float, end: float) -> GroupRebalance:
        """Returns what ended within a time (ms)."""
        return cls([each for each in rebalances if start <= each.ended < end])

    @property
    def began(self) -> float:
        """When (ms) the first worker stopped."""
        return min(each.began for each in self.parts)

    @property
    def ended(self) -> float:
        """When (ms) the last worker worked."""
        return max(each.ended for each in self.parts)

    def is_kept(self, slot: int) -> bool:
        """Whether the slot has the same worker before and after."""
        return self._former(slot).worker == self._next(slot).worker

    def pause(self, slot: int) -> tuple[float, float]:
        """Returns when (ms) the slot stopped and when it worked again."""
        return self._former(slot).began, self._next(slot).ended

    def slots(self) -> Slots:
        """Returns the slots that had a worker before."""
        return frozenset(slot for each in self.parts for slot in each.before)

    def _former(self, slot: int) -> WorkerRebalance:
        return min((each for each in self.parts if slot in each.before), key=lambda each: each.began)

    def _next(self, slot: int) -> WorkerRebalance:
        return max((each for each in self.parts if slot in each.after), key=lambda each: each.ended)


def measure_slot(slot: int, rebalance: GroupRebalance, probes: Sequence[Probe], slow: float) -> SlotDisturbance:
    """Returns the disturbance of a slot; `probes` are its own by the time of sending, `slow` as `slow_from` says."""
    began, ended = rebalance.pause(slot)
    last, most, usual = began, 0.0, 0
    for probe in probes:
        arrival = probe.sent_at + probe.latency
        if arrival < began:
            continue
        if probe.latency > slow:
            last, usual = max(last, arrival), 0
        elif probe.sent_at > ended:
            usual += 1
        most = max(most, probe.latency)
        if usual == STEADY_PROBES:
            break
    return SlotDisturbance(slot, round(ended - began, 1), round(last - began, 1), round(most, 1))


def middle(values: Sequence[float]) -> float:
    """Returns the median; zero where there are none."""
    return round(median(values), 1) if values else 0.0
