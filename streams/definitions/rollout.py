"""How far a release has come into the journal, as the journal's own records tell: proposed, counted, deciding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from streams.engine.journal.records import Marker, Proposal
from streams.store.journal_follower import Seen


class Arrival:
    """Of one release, over all `partitions` of the journal."""

    def __init__(self, account: str, number: int, partitions: Iterable[int]) -> None:
        self.account = account
        self.number = number
        self.waiting = set(partitions)
        """Partitions that nothing of it has come to."""
        self.counting: set[int] = set()
        """Partitions that hold its proposal: its past is being counted."""
        self.deciding: set[int] = set()
        """Partitions that hold its marker."""
        self.slices = 0
        self.contacts = 0
        """Contacts whose past was told."""
        self.newer: int | None = None
        """The release that came in its place in some partition."""

    @property
    def total(self) -> int:
        """How many partitions there are."""
        return len(self.waiting) + len(self.counting) + len(self.deciding)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be waited for."""
        return self.newer is not None or len(self.deciding) == self.total

    def see(self, seen: Seen) -> bool:
        """Takes in what came; whether any of it shows that the release goes on.

        So does time told in a partition that counts: its owner lives. In others it does not: a marker that does not
        come is not made up for by ticks.
        """
        moved = any(partition in self.counting for partition, _ in seen.ticks)
        for partition, proposal in self._ours(seen.proposals):
            moved |= self._take(partition, proposal.number, self.counting)
        for _, part in seen.slices:
            if (part.account, part.number) == (self.account, self.number):
                self.slices += 1
                self.contacts += len(part.contacts)
                moved = True
        for partition, marker in self._ours(seen.markers):
            moved |= self._take(partition, marker.number, self.deciding)
        return moved

    def text(self) -> str:
        """How far it is, for a bar of progress."""
        told = f" ({self._told()})" if self.slices else ""
        return f"release {self.number}: counting in {len(self.counting)} of {self.total}{told}, deciding in"

    def ended(self) -> str:
        """How it ended, for people."""
        where = f"release {self.number} decides in {len(self.deciding)} of {self.total} partitions"
        if self.newer is not None:
            return f"{where}; release {self.newer} came in its place before it decided in the others"
        return f"{where}, {self._told()}" if self.slices else where

    def described(self) -> dict[str, int | None]:
        """For a machine."""
        return {
            "partitions": self.total,
            "decides_in": len(self.deciding),
            "counted_in": len(self.counting),
            "slices": self.slices,
            "contacts_told": self.contacts,
            "superseded_by": self.newer,
        }

    def _told(self) -> str:
        return f"the past of {self.contacts} contact{'' if self.contacts == 1 else 's'} told"

    def missing(self, seconds: float) -> str:
        """What did not come for so long, and what to do."""
        return " and ".join(self._missing(seconds))

    def _missing(self, seconds: float) -> Iterator[str]:
        if self.counting:
            yield (
                f"{len(self.counting)} of {self.total} journal partitions are counting its past and told nothing for"
                f" {seconds:.0f} s; they go on by themselves, `leadstream definitions history` shows how far"
            )
        if self.waiting:
            yield (
                f"{len(self.waiting)} of {self.total} journal partitions did not take it within {seconds:.0f} s;"
                " is a worker running? `leadstream worker` starts one"
            )

    def _ours(self, came: Iterable[tuple[int, Proposal | Marker]]) -> Iterator[tuple[int, Proposal | Marker]]:
        return (each for each in came if each[1].account == self.account and each[1].number >= self.number)

    def _take(self, partition: int, number: int, stage: set[int]) -> bool:
        if partition in self.deciding:
            return False
        if number > self.number:
            self.newer = max(number, self.newer or number)
            return True
        self.waiting.discard(partition)
        self.counting.discard(partition)
        stage.add(partition)
        return True
