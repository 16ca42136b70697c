"""The figures of the live-edit benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.figures import LatencyStats

ALLOWED_RATIO = 3.0
"""How many times the calm latency is allowed during edits, at the 99th percentile."""


@dataclass
class EditFigures:
    """The figures of one edit.

    `decides` and `settled` are the seconds from the release's arrival until every journal partition decides under it,
    and until every contact is settled under it. `command` is the duration of `definitions apply --wait` in seconds.
    `latency` is of live events sent from the command's start until a second after the last contact was settled.
    """

    kind: str
    command: float
    decides: float
    settled: float
    latency: LatencyStats
    ratio: float = 0.0
    """The p99 of `latency` divided by that of the calm."""

    def __str__(self) -> str:
        return (
            f"  {self.kind:<32} command {self.command:4.1f} s, decides {self.decides:5.2f} s,"
            f" settled {self.settled:5.2f} s; {self.latency}; x {self.ratio:.2f}"
        )


@dataclass
class LiveEditResult:
    """All figures; `calm` is the latency of live events between edits, `during` that of those during edits."""

    contacts: int
    rate: float
    sent: int = 0
    sent_rate: float = 0.0
    behind: float = 0.0
    """The longest delay (s) of the producer."""
    calm: LatencyStats = field(default_factory=lambda: LatencyStats.from_values([]))
    during: LatencyStats = field(default_factory=lambda: LatencyStats.from_values([]))
    ratio: float = 0.0
    edits: list[EditFigures] = field(default_factory=list)
    worker_cores: float = 0.0
    worker_memory: int = 0
    """Peak memory of a worker in MB."""
    memberships: int = 0
    """How many memberships were compared with a fresh start's."""
    verified: str = ""
    """The summary of `leadstream verify`."""
    wrong: dict[str, int] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether memberships are right and every change came once."""
        return not self.wrong

    def set_ratios(self) -> None:
        """Computes the ratios from the latencies."""
        normal = self.calm.p99 or 1.0
        self.ratio = round(self.during.p99 / normal, 2)
        for edit in self.edits:
            edit.ratio = round(edit.latency.p99 / normal, 2)

    def timing_text(self) -> str:
        """Returns the figures without those of exactness."""
        slow = [edit.kind for edit in self.edits if edit.ratio > ALLOWED_RATIO]
        return "\n".join(
            [
                f"{self.contacts} contacts, {self.sent} events at {self.sent_rate:.0f} a second"
                f" (at most {self.behind:.2f} s behind)",
                *map(str, self.edits),
                f"calm: {self.calm}",
                f"edits: {self.during}; x {self.ratio:.2f}, allowed x {ALLOWED_RATIO:.0f}",
                f"worker: {self.worker_cores:.2f} cores, {self.worker_memory} MB",
                f"TOO SLOW: {', '.join(slow)}" if slow else "IN TIME",
            ]
        )

    def __str__(self) -> str:
        exact = f"EXACT: {self.memberships} memberships as of a fresh start"
        verdict = f"WRONG: {self.wrong}" if self.wrong else exact
        return f"{self.timing_text()}\nverify: {self.verified}\n{verdict}"
