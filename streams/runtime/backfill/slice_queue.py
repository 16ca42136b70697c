"""Holds the slices of one count until the slot has appended them: in memory while they are few, else in a file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile

import msgspec

from streams.engine.partition.backfill import EncodedSlice
from streams.errors import NoDiskSpace

MEMORY_BYTES = 4 << 20
"""So many bytes of slices stay in memory; with more, all of them are in a file."""

_LENGTH_BYTES = 4

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(EncodedSlice).decode


class SliceQueue:
    """Slices in the order they were put; first all are put, then all are taken.

    The file in `folder` has no name, so nothing is left of it when the process ends, however it ends.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = self._new_file()

    def _new_file(self) -> SpooledTemporaryFile[bytes]:
        return SpooledTemporaryFile(max_size=MEMORY_BYTES, dir=str(self._folder))

    def put(self, part: EncodedSlice) -> None:
        """Adds a slice. Raises NoDiskSpace."""
        entry = _encode(part)
        with self._disk_errors():
            self._file.write(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry)

    def complete(self) -> None:
        """Follows the last `put`. Raises NoDiskSpace."""
        with self._disk_errors():
            self._file.seek(0)

    def clear(self) -> None:
        """Takes back all that was put."""
        self.close()
        self._file = self._new_file()

    def __iter__(self) -> Iterator[EncodedSlice]:
        return self

    def __next__(self) -> EncodedSlice:
        length = self._file.read(_LENGTH_BYTES)
        if not length:
            raise StopIteration
        return _decode(self._file.read(int.from_bytes(length, "big")))

    def close(self) -> None:
        """Gives up the slices that are left."""
        with contextlib.suppress(OSError):  # what could not be written is given up too
            self._file.close()

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NoDiskSpace(
                f"what was counted cannot be written to {self._folder} ({error.strerror}): free space there, or set"
                " LEADSTREAM_DATA_DIR"
            ) from error
