"""Sorted runs: more entries than memory has room for, put in order by sorting parts of them and merging these."""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path

import msgspec

Entry = tuple[bytes, bytes | None]
"""A key and its value; None says that the key is deleted."""

_BLOCK_BYTES = 64 << 10
"""Of each run about so much is in memory while the runs are merged."""

_key_of = itemgetter(0)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Entry]).decode


class SortedRuns:
    """Runs in one file without a name, which the system deletes with the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self._size = 0
        self._runs: list[list[tuple[int, int]]] = []
        """Offset and length of each run's blocks."""

    def add(self, run: Sequence[Entry], size: int) -> None:
        """Writes a run of entries, sorted by key, of about `size` bytes. Raises OSError when the disk refuses."""
        if self._file is None:
            self._file, name = tempfile.mkstemp(dir=self._folder)
            Path(name).unlink()
        blocks: list[tuple[int, int]] = []
        block_length = max(1, _BLOCK_BYTES * len(run) // max(1, size))
        for first in range(0, len(run), block_length):
            content = _encode(run[first : first + block_length])
            blocks.append((self._size, len(content)))
            self._write(content)
        self._runs.append(blocks)

    def merge(self, last_run: Sequence[Entry]) -> Iterator[list[Entry]]:
        """Yields all entries in the order of their keys, some at a time; of equal keys the one of the latest run.

        `last_run` is one more run, the latest.
        """
        readers = [_RunReader(self._read_blocks(blocks)) for blocks in self._runs]
        readers.append(_RunReader(iter([list(last_run)])))
        while readers := [reader for reader in readers if reader.entries]:
            bound = min(reader.entries[-1][0] for reader in readers)
            merged: dict[bytes, bytes | None] = {}
            for reader in readers:
                merged.update(reader.take(bound))
            yield sorted(merged.items())

    def close(self) -> None:
        """Deletes the runs."""
        self._runs.clear()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _read_blocks(self, blocks: Sequence[tuple[int, int]]) -> Iterator[list[Entry]]:
        assert self._file is not None
        for offset, length in blocks:
            yield _decode(os.pread(self._file, length, offset))

    def _write(self, content: bytes) -> None:
        assert self._file is not None
        remaining = memoryview(content)
        while remaining:
            remaining = remaining[os.write(self._file, remaining) :]
        self._size += len(content)


class _RunReader:
    """A run that is read block by block."""

    def __init__(self, blocks: Iterator[list[Entry]]) -> None:
        self._blocks = blocks
        self.entries: list[Entry] = next(blocks, [])
        """What is left of the present block; empty at the end of the run."""

    def take(self, bound: bytes) -> list[Entry]:
        """The present block's entries up to a key, included."""
        count = bisect_right(self.entries, bound, key=_key_of)
        taken, self.entries = self.entries[:count], self.entries[count:]
        if not self.entries:
            self.entries = next(self._blocks, [])
        return taken
