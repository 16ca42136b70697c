"""A replay without a broker keeps its journal aside, in memory and then in a file."""

from __future__ import annotations

import tempfile

import pytest

from streams.errors import NoDiskSpace
from streams.replay import spool
from streams.replay.spool import Spool

RECORDS = [(0, b"default/ann", b"one"), (1, b"tick", b""), (5, b"", b"two" * 100)]


def test_what_was_kept_is_read_back_as_often_as_wanted() -> None:
    kept = Spool()
    for record in RECORDS[:2]:
        kept.add(*record)
    assert list(kept.records()) == RECORDS[:2]
    kept.add(*RECORDS[2])
    assert list(kept.records()) == list(kept.records()) == RECORDS
    kept.close()


def test_a_folder_for_temporary_files_that_takes_nothing_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spool, "_MAX_MEMORY_BYTES", 10)
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    kept = Spool()
    with pytest.raises(NoDiskSpace, match="TMPDIR"):
        kept.add(*RECORDS[2])
    kept.close()
