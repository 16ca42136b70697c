"""A changelog that is restored from its beginning: in any order, in any size, given up in the middle."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest

from streams.engine.state.applied_ids import chunk_key
from streams.engine.state.contact import Contact, encode_contact
from streams.engine.state.memory_rows import MemoryRows
from streams.errors import Internal, NoDiskSpace
from streams.runtime.disk import bulk_load as bulk_load_module
from streams.runtime.disk.bulk_load import BulkLoad
from streams.runtime.disk.database import RowDatabase
from streams.runtime.disk.disk_rows import DiskRows
from tests.harness.engine.engine_driver import START

NAMES = [f"c{number:05d}" for number in range(3_000)] + ["\U0001f600" * 254 + end for end in "abc"]


def changelog(chance: random.Random, count: int) -> list[tuple[bytes, bytes | None]]:
    """Random records of contacts, of chunks of their ids, and deletions of both."""
    records: list[tuple[bytes, bytes | None]] = []
    for number in range(count):
        account, name = chance.choice(("one", "two")), chance.choice(NAMES)
        key = f"{account}/{name}".encode()
        due = chance.choice((None, START + chance.randrange(100)))
        row = encode_contact(Contact(account, name, created=START, clock=START, settled=number, due=due))
        chunk = (chunk_key(key, number % 2), chance.choice((None, b"[]")))
        records.append(chance.choice(((key, row), (key, row), (key, row), (key, None), chunk)))
    return records


def opened(folder: Path) -> DiskRows:
    return DiskRows(RowDatabase(folder, map_bytes=1 << 20), lambda: None)


def restored(folder: Path, records: list[tuple[bytes, bytes | None]]) -> DiskRows:
    rows = opened(folder)
    assert rows.start_restore(len(records)) == (0, b"")
    for key, record in records:
        rows.restore(key, record)
    rows.commit_restored(b"checkpoint", len(records))
    rows.finish_restore()
    return rows


@pytest.mark.parametrize("run_bytes", [1, 50_000, 16 << 20])
def test_every_record_is_there_as_in_memory(run_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BulkLoad.__init__, "__defaults__", (run_bytes,))
    monkeypatch.setattr(bulk_load_module, "_GROUP_DUES", 300)
    records = changelog(random.Random(run_bytes), 300 if run_bytes == 1 else 9_000)
    memory, disk = MemoryRows(), restored(tmp_path, records)
    for key, record in records:
        memory.restore(key, record)
    memory.finish_restore()
    assert dict(disk.rows()) == dict(memory.rows())
    assert [disk.get(key) for key, _ in records] == [memory.get(key) for key, _ in records]
    while (first := memory.first_due("")) is not None:
        assert disk.first_due("") == first
        for rows in (memory, disk):
            rows.set_due(first[1], None)
    assert disk.first_due("") is None
    disk.close()
    disk = opened(tmp_path)
    assert disk.start_restore(len(records)) == (len(records), b"checkpoint")
    assert dict(disk.rows()) == dict(memory.rows())
    disk.close()


def test_a_restore_that_was_given_up_begins_anew(tmp_path: Path) -> None:
    records = changelog(random.Random(1), 500)
    rows = opened(tmp_path)
    rows.start_restore(500)
    for key, record in records[:300]:
        rows.restore(key, record)
    rows.commit_restored(b"half", 300)
    rows.close()
    rows = opened(tmp_path)
    assert rows.start_restore(500) == (0, b"")
    assert list(rows.rows()) == []
    rows.close()


def test_a_restore_that_was_killed_while_it_wrote_leaves_nothing(tmp_path: Path) -> None:
    records = changelog(random.Random(2), 3_000)
    database = RowDatabase(tmp_path)
    load = BulkLoad(database)
    for key, record in records:
        load.put(key, record)
    load.finish()  # killed before the position is written
    assert database.row_keys(b"", 1)
    database.close()
    rows = restored(tmp_path, records[:10])
    assert {key for key, _ in rows.rows()} <= {key for key, _ in records[:10]}
    rows.close()


@pytest.mark.parametrize(("code", "error"), [(errno.ENOSPC, NoDiskSpace), (errno.EIO, Internal)])
def test_a_run_that_cannot_be_written_says_whether_the_disk_is_full(
    code: int, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _content: object) -> int:
        raise OSError(code, os.strerror(code))

    load = BulkLoad(RowDatabase(tmp_path), run_bytes=1)
    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(error, match=str(tmp_path)):
        load.put(b"one/a", None)
