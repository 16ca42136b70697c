"""What a slot's runtime needs to know about the meaning of records: small protocols, all pure.

The runtime fetches, fences, commits and restores. What a record *means* is the business of an `Ingest` (one in-topic
record -> a journal record or a refusal) and a `Decider` (the journal's records in order -> rows and outputs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from streams.engine.journal.effects import Append, Budget, Effects, Refusal, SourceRecord
from streams.engine.journal.records import Marker
from streams.engine.partition.backfill import BackfillCounter
from streams.engine.partition.checkpoint import PendingProposal


class Ingest(Protocol):
    """Makes journal records of one in-topic record, or says why not. Several results: a part is refused."""

    def __call__(self, record: SourceRecord) -> Sequence[Append | Refusal]: ...


class Decider(Protocol):
    """The decisions of one journal partition. Holds the rows; no I/O; the same records give the same effects."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one record of the changelog, in order, at take-over."""

    def resume(self, checkpoint: bytes | None) -> None:
        """Follows the last `restore`: `checkpoint` is the last one written, None when the slot never had one."""

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """Takes the next journal record; `offset` rises, gaps are legal."""

    def has_pending(self) -> bool:
        """Whether `work` has anything left to do."""

    def work(self, budget: Budget) -> Effects:
        """Decides as many of the records fed as the budget allows."""

    def checkpoint(self) -> bytes:
        """What `resume` needs besides rows and position: unfinished ticks and markers, releases in force."""

    def resume_offset(self, next_offset: int) -> int:
        """The journal offset to go on from after a restart, when everything before `next_offset` was fed."""

    def is_busy(self) -> bool:
        """Whether a tick, a marker or a proposal is not decided for every contact: none is appended meanwhile."""

    def known_release(self, account: str) -> int:
        """The number of the account's newest release among the records decided, proposed or in force; 0 for none."""

    def next_due(self, before: int | None = None) -> int | None:
        """The earliest instant at which time alone changes something, in ms; None when nothing is due.

        When nothing is due before the instant `before`, it may be any instant that is not, or None.
        """


@runtime_checkable
class BackfillingDecider(Decider, Protocol):
    """A decider whose releases may depend on a past that its rows do not hold, and so need a back-fill."""

    def prepare(self, marker: Marker) -> None:
        """Makes ready that release, so that taking it up takes no time; nothing else is called meanwhile."""

    def needs_backfill(self, marker: Marker) -> bool:
        """Whether that release, taken up now, needs a past that no row holds: then it is proposed first."""

    def pending_proposals(self) -> Mapping[str, PendingProposal]:
        """Account -> its release that is proposed and not in force."""

    def active_releases(self) -> Mapping[str, int]:
        """Account -> the number of its release in force; 0 or nothing where there is none."""

    def has_contacts(self, account: str) -> bool:
        """Whether the account has a contact with a past."""

    def is_releasing(self) -> bool:
        """Whether a release has not reached every contact yet."""

    def decided_slices(self) -> int:
        """How many slices are decided since the slot was taken over."""

    def backfill_counter(self, account: str, after: str = "", limit: int | None = None, /) -> BackfillCounter:
        """A counter that is fed with the journal before the account's proposal, and then gives slices.

        It counts only contacts whose id is greater than `after`, at most `limit` of them.
        """
