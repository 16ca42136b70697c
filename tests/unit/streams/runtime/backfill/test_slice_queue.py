"""Slices wait for their slot: few of them in memory, many in a file."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from streams.engine.partition.backfill import EncodedSlice
from streams.errors import NoDiskSpace
from streams.runtime.backfill import slice_queue
from streams.runtime.backfill.slice_queue import SliceQueue

PARTS = [EncodedSlice(b"x" * size, f"c{size}") for size in (1, 500, 70_000)]


@pytest.mark.parametrize("memory_bytes", [1 << 20, 600])
def test_slices_are_taken_in_the_order_they_were_put(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory_bytes: int
) -> None:
    monkeypatch.setattr(slice_queue, "MEMORY_BYTES", memory_bytes)
    queue = SliceQueue(tmp_path)
    for part in PARTS:
        queue.put(part)
    queue.complete()
    assert list(queue) == PARTS
    queue.close()
    assert list(tmp_path.iterdir()) == []


def test_what_was_put_before_it_was_cleared_is_gone(tmp_path: Path) -> None:
    queue = SliceQueue(tmp_path)
    queue.put(PARTS[0])
    queue.clear()
    queue.put(PARTS[1])
    queue.complete()
    assert list(queue) == [PARTS[1]]
    queue.close()


def test_a_full_disk_is_an_error_that_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    queue = SliceQueue(tmp_path)
    monkeypatch.setattr(queue._file, "write", write)
    with pytest.raises(NoDiskSpace, match=f"{tmp_path}.*No space left"):
        queue.put(PARTS[0])
    queue.close()


def test_a_folder_that_is_gone_is_an_error_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slice_queue, "MEMORY_BYTES", 1)
    queue = SliceQueue(tmp_path / "gone")
    with pytest.raises(NoDiskSpace, match="LEADSTREAM_DATA_DIR"):
        queue.put(PARTS[1])
    queue.close()
