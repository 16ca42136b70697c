"""The figures of the back-fill benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.figures import LatencyStats
from benchmarks.live_edit.result import ALLOWED_RATIO

ALLOWED_SECONDS = 60.0
"""The time within which a release with a past of a million contacts is to decide everywhere."""

_NO_LATENCIES = LatencyStats.from_values([])


@dataclass
class BackfillResult:
    """All figures; latencies are those of live events, from sending until a reader has the segment change."""

    contacts: int
    rate: float
    state: str
    events: int = 0
    """Past events in the journal."""
    loaded: float = 0.0
    """Seconds from the first past event until all are decided."""
    decides: float = 0.0
    """Seconds from the release's arrival until `definitions apply --wait` knows that it decides everywhere."""
    settled: float = 0.0
    """Seconds from the release's arrival until the last member of the past has entered."""
    calm: LatencyStats = field(default=_NO_LATENCIES)
    counting: LatencyStats = field(default=_NO_LATENCIES)
    """From the start of the command until the release decides everywhere."""
    settling: LatencyStats = field(default=_NO_LATENCIES)
    """From then until a second after the last member entered."""
    during: LatencyStats = field(default=_NO_LATENCIES)
    """Both together."""
    ratio: float = 0.0
    """The p99 of `during` divided by that of the calm."""
    sent: int = 0
    behind: float = 0.0
    """The longest delay (s) of the producer."""
    worker_cores: float = 0.0
    """Cores that the worker used from the command's start until it was settled."""
    memory_before: int = 0
    worker_memory: int = 0
    """Peak memory (MB) of the worker before the release, and at the end."""
    members: int = 0
    wrong: dict[str, int] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether the members are those that the generator knows."""
        return not self.wrong

    def __str__(self) -> str:
        in_time = self.decides <= ALLOWED_SECONDS and self.ratio <= ALLOWED_RATIO
        return "\n".join(
            [
                f"{self.contacts} contacts, {self.events} past events, loaded in {self.loaded:.0f} s;"
                f" {self.rate:.0f} live events a second (at most {self.behind:.2f} s behind)",
                f"decides everywhere after {self.decides:.1f} s, allowed {ALLOWED_SECONDS:.0f} s;"
                f" settled after {self.settled:.1f} s",
                f"calm: {self.calm}",
                f"counting: {self.counting}",
                f"settling: {self.settling}",
                f"both: {self.during}; x {self.ratio:.2f}, allowed x {ALLOWED_RATIO:.0f}",
                f"worker: {self.worker_cores:.2f} cores, {self.memory_before} MB before, {self.worker_memory} then",
                f"WRONG: {self.wrong}" if self.wrong else f"EXACT: {self.members} members",
                "IN TIME" if in_time else "NOT IN TIME",
            ]
        )
