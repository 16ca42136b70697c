"""Rows on disk are those in memory: under any operations, in transactions, over crashes at any point."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from streams.engine.state.applied_ids import chunk_key
from streams.engine.state.contact import Contact, encode_contact
from streams.engine.state.memory_rows import MemoryRows
from streams.engine.state.row_store import RowStore
from streams.errors import Internal, NoDiskSpace
from streams.runtime.disk import disk_rows as disk_rows_module
from streams.runtime.disk.database import RowDatabase
from streams.runtime.disk.disk_rows import DiskRows
from tests.harness.engine.engine_driver import START

ACCOUNTS = ("one", "one-more", "two")
NAMES = ("ann", "bob", "é" * 200, "x" * 255, "\U0001f600" * 255, "\U0001f600" * 254 + "a", "a" * 376, "a" * 377)
KEYS = [f"{account}/{name}".encode() for account in ACCOUNTS for name in NAMES]
DUES = (None, -5, 0, START, START + 1, START + 1, START + 86_400_000)
Records = dict[bytes, bytes | None]
CHECKPOINT = (b"__position__", b"")


def nothing() -> None:
    """Releases nothing."""


def disk_rows(folder: Path, group_rows: int = 1) -> DiskRows:
    return DiskRows(RowDatabase(folder, map_bytes=1 << 20), nothing, group_rows)


def kill(rows: DiskRows) -> None:
    """Writes nothing any more, as a process that is killed."""
    rows._database.close()


def row_of(key: bytes, due: int | None, score: int = 0) -> bytes:
    account, _, name = key.decode().partition("/")
    return encode_contact(Contact(account, name, created=START, clock=START, settled=1, due=due, score=score))


def first_due(rows: RowStore, account: str = "") -> tuple[int, bytes] | None:
    """Of equal dues and keys that begin alike for long, any may be the first."""
    first = rows.first_due(account)
    return None if first is None else (first[0], first[1][:300])


def due_before(rows: RowStore, account: str, before: int) -> tuple[int, bytes] | None:
    """The earliest due contact, if it is due before that instant."""
    first = rows.first_due(account, before)
    return None if first is None or first[0] >= before else (first[0], first[1][:300])


def seen(rows: RowStore) -> object:
    """Everything that an engine can ask of the rows."""
    return (
        {key: rows.get(key) for key in KEYS},
        dict(rows.rows()),
        {account: set(rows.keys_of(account)) for account in (*ACCOUNTS, "none")},
        [due_before(rows, account, before) for account in ("", "one") for before in (0, 1, START + 1, START + 2)],
        {account: first_due(rows, account) for account in ("", *ACCOUNTS, "none")},
        rows.has_contacts("none"),
        [rows.get(chunk_key(key, number)) for key in KEYS for number in range(3)],
    )


class CommittedChangelog:
    """Committed transactions: records with their offsets, and after each transaction its checkpoint."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, bytes | None]] = []
        self.checkpoints: dict[int, bytes] = {0: b""}

    def commit(self, records: Records) -> tuple[bytes, int]:
        """Returns the checkpoint and the position after it."""
        self.records += [*records.items(), CHECKPOINT]
        position = len(self.records)
        self.checkpoints[position] = b"checkpoint %d" % position
        return self.checkpoints[position], position

    def restore(self, rows: RowStore, start: int) -> None:
        """Restores the records from an offset on."""
        for key, record in self.records[start:]:
            if (key, record) != CHECKPOINT:
                rows.restore(key, record)


def restored_memory(changelog: CommittedChangelog) -> MemoryRows:
    rows = MemoryRows()
    changelog.restore(rows, 0)
    rows.finish_restore()
    return rows


def restored_disk(changelog: CommittedChangelog, folder: Path, group_rows: int) -> DiskRows:
    rows = disk_rows(folder, group_rows)
    end = len(changelog.records)
    position, checkpoint = rows.start_restore(end)
    assert checkpoint == changelog.checkpoints[position]
    changelog.restore(rows, position)
    rows.commit_restored(changelog.checkpoints[end], end)
    rows.finish_restore()
    return rows


def change(chance: random.Random, memory: MemoryRows, disk: DiskRows) -> Records:
    """Changes both in the same way, as one batch of decisions does; returns the records."""
    records: Records = {}
    for key in chance.choices(KEYS, k=chance.randint(0, 8)):
        due = chance.choice(DUES)
        for rows in (memory, disk):
            rows.set_due(key, due)
        assert first_due(memory) == first_due(disk)
        records[key] = row_of(key, due, chance.randint(0, 9))
        for rows in (memory, disk):
            rows.write(key, records[key], due)
        if chance.random() < 0.3:
            name, chunk = chunk_key(key, chance.randint(0, 2)), chance.choice((None, b"[]"))
            records[name] = chunk
            for rows in (memory, disk):
                rows.write(name, chunk)
        if chance.random() < 0.1:
            records[key] = None
            for rows in (memory, disk):
                rows.set_due(key, None)
                rows.write(key, None)
    return records


@pytest.mark.parametrize("seed", range(12))
def test_rows_on_disk_equal_those_in_memory_over_crashes_at_any_point(seed: int, tmp_path: Path) -> None:
    chance, changelog = random.Random(seed), CommittedChangelog()
    memory, disk = MemoryRows(), restored_disk(changelog, tmp_path, 1)
    for _ in range(60):
        records = change(chance, memory, disk)
        assert seen(memory) == seen(disk)
        crash = chance.choice(("none", "none", "none", "before the commit", "after it", "after the write"))
        if crash != "before the commit":
            checkpoint, position = changelog.commit(records)
        if crash in ("none", "after the write"):
            if crash == "none" and chance.random() < 0.5:  # the next transaction is collected meanwhile
                following = change(chance, memory, disk)
                disk.commit(records, checkpoint, position)
                assert seen(memory) == seen(disk)
                checkpoint, position = changelog.commit(following)
                records = following
            disk.commit(records, checkpoint, position)
        if crash != "none":
            chance.choice((kill, kill, DiskRows.close))(disk)
            memory, disk = restored_memory(changelog), restored_disk(changelog, tmp_path, chance.choice((1, 9, 90)))
        assert seen(memory) == seen(disk)
    disk.close()


def test_what_is_not_committed_is_not_in_the_database(tmp_path: Path) -> None:
    rows = disk_rows(tmp_path)
    rows.set_due(KEYS[0], START)
    rows.write(KEYS[0], row_of(KEYS[0], START), START)
    assert rows.first_due("") == (START, KEYS[0])
    rows.close()  # writes what is committed
    rows = disk_rows(tmp_path)
    assert rows.get(KEYS[0]) is None
    assert rows.first_due("") is None
    assert rows.start_restore(100) == (0, b"")
    rows.close()


def test_committed_records_are_written_together_and_at_a_planned_end(tmp_path: Path) -> None:
    rows = disk_rows(tmp_path, group_rows=3)
    rows.commit({}, b"first", 1)  # what was written last is long ago
    for at, key in enumerate(KEYS[:5]):
        row = row_of(key, START)
        rows.set_due(key, START)
        rows.write(key, row, START)
        rows.commit({key: row}, b"%d" % at, at + 2)
    kill(rows)
    rows = disk_rows(tmp_path, group_rows=3)
    assert rows.start_restore(100) == (4, b"2")
    assert {key for key, _ in rows.rows()} == set(KEYS[:3])
    rows.commit({KEYS[3]: row_of(KEYS[3], None)}, b"3", 5)
    rows.close()
    rows = disk_rows(tmp_path)
    assert rows.start_restore(100) == (5, b"3")
    rows.close()


def test_a_committed_record_waits_a_minute_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instants = iter((100_000, 160_000, 160_001))
    monkeypatch.setattr(disk_rows_module, "now_ms", lambda: next(instants))
    rows = disk_rows(tmp_path, group_rows=50)
    for position in (1, 2, 3):
        rows.commit({KEYS[0]: row_of(KEYS[0], None, position)}, b"", position)
    assert [rows.state.position] == [3]
    kill(rows)


def test_a_shorter_changelog_is_another_one(tmp_path: Path) -> None:
    rows = disk_rows(tmp_path)
    rows.commit({KEYS[0]: row_of(KEYS[0], START)}, b"checkpoint", 20)
    assert rows.start_restore(20) == (20, b"checkpoint")
    assert rows.start_restore(19) == (0, b"")
    assert list(rows.rows()) == []
    assert rows.first_due("") is None
    rows.close()


def test_the_database_grows_as_it_fills(tmp_path: Path) -> None:
    database = RowDatabase(tmp_path, 1 << 20)
    rows = DiskRows(database, nothing, group_rows=900)
    keys = [b"one/c%05d" % number for number in range(4_000)]
    for first in range(0, 4_000, 1_000):
        records: Records = {key: row_of(key, START, first) + b" " * 900 for key in keys[first : first + 1_000]}
        rows.commit(records, b"checkpoint", first)
        assert rows.get(keys[first]) == records[keys[first]]
    assert database.map_bytes() >= 4 << 20
    assert list(rows.keys_of("one")) == keys
    rows.close()


def test_ten_thousand_dues_are_taken_one_by_one_within_a_transaction(tmp_path: Path) -> None:
    rows = disk_rows(tmp_path)
    keys = [b"one/c%05d" % number for number in range(10_000)]
    rows.commit({key: row_of(key, START + at) for at, key in enumerate(keys)}, b"", 1)
    for at, key in enumerate(keys):
        assert rows.first_due("") == (START + at, key)
        rows.set_due(key, None)
    assert rows.first_due("") is None
    rows.close()


def test_a_due_that_moves_to_later_costs_nothing_before_its_time(tmp_path: Path) -> None:
    rows = disk_rows(tmp_path)
    keys = [b"one/c%05d" % number for number in range(100)]
    rows.commit({key: row_of(key, START) for key in keys}, b"", 1)
    entries = rows._database.due_keys(b"", 1_000)
    rows.commit({key: row_of(key, START + at) for at, key in enumerate(keys, 50)}, b"", 2)
    assert rows.first_due("", START) is None
    assert rows._database.due_keys(b"", 1_000) == entries
    assert rows.first_due("", START + 1) == (START + 50, keys[0])  # all of them were looked at
    rows.commit({}, b"", 3)
    rows.commit({keys[0]: row_of(keys[0], None)}, b"", 4)
    assert rows._database.due_keys(b"", 1_000) != entries
    kill(rows)
    rows = disk_rows(tmp_path)
    assert rows.first_due("") == (START + 51, keys[1])
    kill(rows)


@pytest.mark.parametrize(("free", "error"), [(0, NoDiskSpace), (1 << 30, Internal)])
def test_a_write_that_fails_says_whether_the_disk_is_full(
    free: int, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = disk_rows(tmp_path)

    class Statistics:
        f_bavail, f_frsize = free, 1

    monkeypatch.setattr("os.statvfs", lambda _folder: Statistics)
    with pytest.raises(error, match=str(tmp_path)):
        rows.commit({b"": row_of(KEYS[0], None)}, b"", 1)
    assert rows.start_restore(5) == (0, b"")  # nothing was written by half
    rows.close()
