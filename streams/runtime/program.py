"""What a slot's runtime knows of the meaning of records: two small protocols, both pure.

The runtime fetches, fences, commits and restores. What a record *means* is told to it by an `Ingest` (one in-topic
record -> a journal record or a refusal) and a `Decider` (the journal's records in order -> rows and outputs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record of an in-topic as it was fetched; `topic` carries no prefix, times are ms since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    arrival: int


@dataclass(frozen=True, slots=True)
class Append:
    """To be appended to the journal, in the partition of its key."""

    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """To be written to `dead-letters`: a stable code and one sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Output:
    """A record for an out-topic (`topic` carries no prefix); a value of None is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None


@dataclass(slots=True)
class Effects:
    """What one portion of decisions wants written: rows (last value per key), outputs, appends, in order."""

    rows: dict[bytes, bytes | None] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    appends: list[Append] = field(default_factory=list)
    letters: list[tuple[Refusal, tuple[str, int, int], bytes | None]] = field(default_factory=list)
    """Refused only when decided: why, source coordinates, the journal value."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The bound of one portion: contacts decided, bytes written, seconds spent."""

    records: int = 4_000
    bytes: int = 4_000_000
    seconds: float = 0.2


class Ingest(Protocol):
    """One in-topic record -> what the journal gets, or why not. More than one: a part is refused, the rest kept."""

    def __call__(self, record: SourceRecord) -> Sequence[Append | Refusal]: ...


class Decider(Protocol):
    """The decisions of one journal partition. Holds the rows; no I/O; the same records give the same effects."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """One record of the changelog, in order, at take-over."""

    def resume(self, checkpoint: bytes | None) -> None:
        """After every `restore`: the last `checkpoint` written, None when the slot never had one."""

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """The next journal record; `offset` rises, gaps are legal."""

    def pending(self) -> bool:
        """Whether `work` has anything left to do with what was fed."""

    def work(self, budget: Budget) -> Effects:
        """Decides as much of what was fed as the budget allows."""

    def checkpoint(self) -> bytes:
        """What `resume` needs besides rows and position: unfinished ticks and markers, releases in force."""

    def position(self, fetched: int) -> int:
        """The journal offset to go on from after a restart, when everything before `fetched` was fed."""

    def busy(self) -> bool:
        """Whether a tick or a marker is not finished for every contact: no tick is appended meanwhile."""

    def next_due(self) -> int | None:
        """The earliest instant at which time alone changes something, in ms; None when nothing is due."""
