"""Tracks how far a release has come, from records of the journal: proposed, in back-fill, deciding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from streams.engine.journal.records import Marker, Proposal
from streams.store.journal_follower import JournalUpdate


class Rollout:
    """The progress of one release in all journal partitions, given as `partitions`."""

    def __init__(self, account: str, number: int, partitions: Iterable[int]) -> None:
        self.account = account
        self.number = number
        self.pending_partitions = set(partitions)
        """Partitions without a record of the release."""
        self.backfilling_partitions: set[int] = set()
        """Partitions with its proposal: the back-fill runs."""
        self.active_partitions: set[int] = set()
        """Partitions with its marker: it decides."""
        self.slice_count = 0
        self.backfilled_contacts = 0
        """Number of contacts in the slices so far."""
        self.superseding_number: int | None = None
        """The newer release that replaced it in some partition."""

    @property
    def partition_count(self) -> int:
        """The number of journal partitions."""
        return len(self.pending_partitions) + len(self.backfilling_partitions) + len(self.active_partitions)

    @property
    def is_over(self) -> bool:
        """Whether the release decides everywhere, or a newer one replaced it."""
        return self.superseding_number is not None or len(self.active_partitions) == self.partition_count

    def feed(self, update: JournalUpdate) -> bool:
        """Takes new journal records; returns whether one of them shows progress of the release.

        A tick in a partition with a running back-fill is progress, too: it shows that its owner lives. Elsewhere it
        is not: a tick does not replace a missing marker.
        """
        has_advanced = any(partition in self.backfilling_partitions for partition, _ in update.ticks)
        for partition, proposal in self._relevant_records(update.proposals):
            has_advanced |= self._move_partition(partition, proposal.number, self.backfilling_partitions)
        for _, history_slice in update.slices:
            if (history_slice.account, history_slice.number) == (self.account, self.number):
                self.slice_count += 1
                self.backfilled_contacts += len(history_slice.contacts)
                has_advanced = True
        for partition, marker in self._relevant_records(update.markers):
            has_advanced |= self._move_partition(partition, marker.number, self.active_partitions)
        return has_advanced

    def progress_text(self) -> str:
        """Returns how far it is, for a progress bar."""
        contacts = f" ({self._backfill_text()})" if self.slice_count else ""
        counting = f"{len(self.backfilling_partitions)} of {self.partition_count}"
        return f"release {self.number}: counting in {counting}{contacts}, deciding in"

    def result_text(self) -> str:
        """Returns how it ended, for people."""
        status = (
            f"release {self.number} decides in {len(self.active_partitions)} of {self.partition_count} partitions"
        )
        if self.superseding_number is not None:
            return f"{status}; release {self.superseding_number} came in its place before it decided in the others"
        return f"{status}, {self._backfill_text()}" if self.slice_count else status

    def to_dict(self) -> dict[str, int | None]:
        """Returns the progress as JSON for a machine."""
        return {
            "partitions": self.partition_count,
            "decides_in": len(self.active_partitions),
            "counted_in": len(self.backfilling_partitions),
            "slices": self.slice_count,
            "contacts_told": self.backfilled_contacts,
            "superseded_by": self.superseding_number,
        }

    def _backfill_text(self) -> str:
        return f"the past of {self.backfilled_contacts} contact{'' if self.backfilled_contacts == 1 else 's'} told"

    def timeout_text(self, seconds: float) -> str:
        """Returns what is missing after a wait of `seconds`, and what to do."""
        return " and ".join(self._timeout_reasons(seconds))

    def _timeout_reasons(self, seconds: float) -> Iterator[str]:
        if self.backfilling_partitions:
            yield (
                f"{len(self.backfilling_partitions)} of {self.partition_count} journal partitions are counting"
                f" its past and told nothing for"
                f" {seconds:.0f} s; they go on by themselves, `leadstream definitions history` shows how far"
            )
        if self.pending_partitions:
            yield (
                f"{len(self.pending_partitions)} of {self.partition_count} journal partitions did not take it"
                f" within {seconds:.0f} s;"
                " is a worker running? `leadstream worker` starts one"
            )

    def _relevant_records(
        self, records: Iterable[tuple[int, Proposal | Marker]]
    ) -> Iterator[tuple[int, Proposal | Marker]]:
        return (each for each in records if each[1].account == self.account and each[1].number >= self.number)

    def _move_partition(self, partition: int, number: int, stage: set[int]) -> bool:
        if partition in self.active_partitions:
            return False
        if number > self.number:
            self.superseding_number = max(number, self.superseding_number or number)
            return True
        self.pending_partitions.discard(partition)
        self.backfilling_partitions.discard(partition)
        stage.add(partition)
        return True
