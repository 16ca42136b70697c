"""Stores the journal of a replay without a broker: a back-fill reads all records before it (SPEC section 9)."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator

from streams.errors import NoDiskSpace

_HEADER = struct.Struct("<qII")  # offset, bytes of key and of value
_MAX_MEMORY_BYTES = 64_000_000
"""Bytes held in memory; a larger spool moves to a temporary file, which the process deletes at its end."""


class Spool:
    """A sequence of records that can be read any number of times."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_MAX_MEMORY_BYTES)  # noqa: SIM115 - closed by `close`

    def add(self, offset: int, key: bytes, value: bytes) -> None:
        """Adds a record. Raises NoDiskSpace when the temporary file cannot be written."""
        try:
            self._file.write(_HEADER.pack(offset, len(key), len(value)) + key + value)
        except OSError as error:
            raise NoDiskSpace(
                f"the journal of what was read so far cannot be kept in the folder for temporary files: "
                f"{error.strerror or error}; set TMPDIR to a folder with room"
            ) from error

    def records(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yields offset, key and value of every record so far; call `add` only after the last of them."""
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            offset, key, value = _HEADER.unpack(self._file.read(_HEADER.size))
            yield offset, self._file.read(key), self._file.read(value)

    def close(self) -> None:
        """Deletes the records."""
        self._file.close()
