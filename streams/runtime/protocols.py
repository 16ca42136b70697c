"""What a slot's runtime knows of the meaning of records: two small protocols, both pure.

The runtime fetches, fences, commits and restores. What a record *means* is told to it by an `Ingest` (one in-topic
record -> a journal record or a refusal) and a `Decider` (the journal's records in order -> rows and outputs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from streams.engine.journal.effects import Append, Budget, Effects, Refusal, SourceRecord
from streams.engine.journal.records import Marker
from streams.engine.partition.backfill import BackfillCounter
from streams.engine.partition.broadcast import PendingProposal


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

    def has_pending(self) -> bool:
        """Whether `work` has anything left to do with what was fed."""

    def work(self, budget: Budget) -> Effects:
        """Decides as much of what was fed as the budget allows."""

    def checkpoint(self) -> bytes:
        """What `resume` needs besides rows and position: unfinished ticks and markers, releases in force."""

    def resume_offset(self, next_offset: int) -> int:
        """The journal offset to go on from after a restart, when everything before `next_offset` was fed."""

    def is_busy(self) -> bool:
        """Whether a tick, a marker or a proposal is not decided for every contact: none is appended meanwhile."""

    def next_due(self) -> int | None:
        """The earliest instant at which time alone changes something, in ms; None when nothing is due."""

    def needs_backfill(self, marker: Marker) -> bool:
        """Whether that release, coming now, asks of the past what nobody kept: then it is proposed first."""

    def pending_proposals(self) -> Mapping[str, PendingProposal]:
        """Account -> its release that is proposed and not in force."""

    def has_contacts(self, account: str) -> bool:
        """Whether there is anybody in the account who has a past."""

    def backfill_counter(self, account: str, after: str = "", limit: int | None = None, /) -> BackfillCounter:
        """What is to be fed with the journal before the account's proposal, and then tells it in slices.

        Only of those after an id, and of so many at most.
        """
