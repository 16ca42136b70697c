"""A replay without a broker stores its journal in memory, and then in a file."""

from __future__ import annotations

import tempfile

import pytest

from streams.errors import NoDiskSpace
from streams.replay import spool
from streams.replay.spool import Spool

RECORDS = [(0, b"default/ann", b"one"), (1, b"tick", b""), (5, b"", b"two" * 100)]


def test_records_can_be_read_any_number_of_times() -> None:
    journal = Spool()
    for record in RECORDS[:2]:
        journal.add(*record)
    assert list(journal.records()) == RECORDS[:2]
    journal.add(*RECORDS[2])
    assert list(journal.records()) == list(journal.records()) == RECORDS
    journal.close()


def test_a_temporary_file_that_cannot_be_written_is_an_error_with_a_hint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spool, "_MAX_MEMORY_BYTES", 10)
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    journal = Spool()
    with pytest.raises(NoDiskSpace, match="TMPDIR"):
        journal.add(*RECORDS[2])
    journal.close()
