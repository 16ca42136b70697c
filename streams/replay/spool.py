"""The journal of a run without a broker, kept aside: a release may ask of everything before it (SPEC section 9)."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator

from streams.errors import NoDiskSpace

_HEADER = struct.Struct("<qII")  # offset, bytes of key and of value
_MAX_MEMORY_BYTES = 64_000_000
"""Bytes held in memory; more go to a temporary file, which is deleted with the process."""


class Spool:
    """Records in their order, read back as often as wanted."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_MAX_MEMORY_BYTES)  # noqa: SIM115 - closed by `close`

    def add(self, offset: int, key: bytes, value: bytes) -> None:
        """The next record. Raises NoDiskSpace."""
        try:
            self._file.write(_HEADER.pack(offset, len(key), len(value)) + key + value)
        except OSError as error:
            raise NoDiskSpace(
                f"the journal of what was read so far cannot be kept in the folder for temporary files: "
                f"{error.strerror or error}; set TMPDIR to a folder with room"
            ) from error

    def records(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Offset, key and value of every record so far; nothing is to be added meanwhile."""
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            offset, key, value = _HEADER.unpack(self._file.read(_HEADER.size))
            yield offset, self._file.read(key), self._file.read(value)

    def close(self) -> None:
        """Deletes the records."""
        self._file.close()
