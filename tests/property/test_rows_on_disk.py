"""With rows on disk everything is decided as with rows in memory, over crashes between any two commits."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.runtime.disk.database import RowDatabase
from streams.runtime.disk.disk_rows import DiskRows
from tests.property.test_transaction_sizes import (
    CommittedState,
    JournalEntries,
    decide_one_by_one,
    journal_of,
    lookup,
)


class DeciderOnDisk:
    """A decider whose rows are on disk; it dies between the commit in Kafka and the write to the disk, or before."""

    def __init__(self, folder: Path, chance: random.Random, group_rows: tuple[int, ...]) -> None:
        self.committed = CommittedState()
        self._folder = folder
        self._chance = chance
        self._group_rows = group_rows
        self._changelog: list[tuple[bytes, bytes | None]] = []
        self.restored_records = 0
        self.rows, self.decider = self._restore()

    def _restore(self) -> tuple[DiskRows, PartitionDecider]:
        rows = DiskRows(RowDatabase(self._folder), lambda: None, self._chance.choice(self._group_rows))
        decoded = self._chance.choice((0, 3, 1_000))
        decider = PartitionDecider(3, lookup, DEFAULT_ENGINE_SETTINGS, rows=rows, decoded_contacts=decoded)
        position, _ = rows.start_restore(len(self._changelog))
        for key, record in self._changelog[position:]:
            decider.restore(key, record)
            self.restored_records += 1
        rows.commit_restored(b"", len(self._changelog))
        decider.resume(self.committed.checkpoint)
        return rows, decider

    def die(self) -> None:
        """Another decider goes on from what is committed, and partly on disk."""
        self.rows._database.close()
        self.rows, self.decider = self._restore()

    def decide(self, fetched: int) -> None:
        """Decides a batch in one transaction, and may die."""
        effects = self.decider.work(Budget(self._chance.randint(1, 6)))
        fate = self._chance.choice(("lives", "lives", "dies before", "dies after", "dies later"))
        if fate == "dies before":
            self.die()
            return
        self.committed.commit(effects, self.decider, fetched)
        self._changelog += effects.rows.items()
        if fate != "dies after":
            self.rows.commit(effects.rows, b"", len(self._changelog))
        if fate != "lives":
            self.die()


def decide_on_disk(journal: JournalEntries, folder: Path, chance: random.Random, *group_rows: int) -> DeciderOnDisk:
    """Decides the journal in random portions and budgets."""
    on_disk = DeciderOnDisk(folder, chance, group_rows)
    fetched, owner = 0, on_disk.decider
    while fetched <= journal[-1][0] or on_disk.decider.has_pending():
        for offset, key, value in [entry for entry in journal if entry[0] >= fetched][: chance.randint(0, 12)]:
            owner.feed(offset, key, value)
            fetched = offset + 1
        if owner.has_pending():
            on_disk.decide(fetched)
        if on_disk.decider is not owner:
            fetched, owner = on_disk.committed.position, on_disk.decider
    on_disk.rows.close()
    return on_disk


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_rows_on_disk_change_nothing(seed: int, wall: bool) -> None:
    chance = random.Random(seed)
    journal = journal_of(chance, 60, wall)
    expected = decide_one_by_one(journal)
    with tempfile.TemporaryDirectory() as folder:
        actual = decide_on_disk(journal, Path(folder), chance, 1, 5, 1_000).committed
    assert actual.outputs_by_contact() == expected.outputs_by_contact()
    assert actual.rows == expected.rows
    assert actual.checkpoint == expected.checkpoint


def test_a_new_owner_restores_little(tmp_path: Path) -> None:
    chance = random.Random(1)
    on_disk = decide_on_disk(journal_of(chance, 300, True), tmp_path, chance, 1)
    assert 0 < on_disk.restored_records < 100
