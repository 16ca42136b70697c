"""The LMDB database of one slot: one reader and one writer, which are the same thread."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import lmdb

from streams.errors import Internal, NoDiskSpace

INITIAL_MAP_BYTES = 64 << 20
"""The size of the address range that the database may fill; it doubles when it is full."""

_FULL_DISK_BYTES = 16 << 20
"""A write that fails while less than this is free fails for want of space: LMDB says "input/output error"."""

Apply = Callable[["lmdb.Transaction[bytes]"], None]


class RowDatabase:
    """`rows`, `dues` and `meta` of one folder.

    Nothing is synced: what is written outlives the process, not the machine (slot_folder.py looks at that). The
    kernel writes pages back, and may take them from memory, when it likes.
    """

    def __init__(self, folder: Path, map_bytes: int = INITIAL_MAP_BYTES) -> None:
        """Opens or makes it. Raises lmdb.Error for a file that is no database."""
        self.folder = folder
        self._environment = lmdb.open(
            str(folder), map_size=map_bytes, max_dbs=3, sync=False, metasync=False, readahead=False
        )
        self._environment.reader_check()  # a process that was killed left its entry
        self.rows = self._environment.open_db(b"rows")
        self.dues = self._environment.open_db(b"dues")
        self.meta = self._environment.open_db(b"meta")
        self._reader: lmdb.Transaction[bytes] | None = None

    @property
    def reader(self) -> lmdb.Transaction[bytes]:
        """A transaction that reads `rows` as last written; valid until the next write."""
        if self._reader is None:
            self._reader = self._environment.begin(db=self.rows)
        return self._reader

    def write(self, apply: Apply) -> None:
        """Runs `apply` in one transaction, again in a larger database where there is no room.

        Raises NoDiskSpace, and Internal when the disk refuses.
        """
        self._end_reader()
        try:
            while not self._try_write(apply):
                self._environment.set_mapsize(2 * self.map_bytes())
        except lmdb.Error as error:
            raise self.write_error(error) from error

    def _try_write(self, apply: Apply) -> bool:
        try:
            with self._environment.begin(db=self.rows, write=True) as transaction:
                apply(transaction)
        except lmdb.MapFullError:
            return False
        return True

    def clear(self) -> None:
        """Deletes everything."""

        def apply(transaction: lmdb.Transaction[bytes]) -> None:
            for database in (self.rows, self.dues, self.meta):
                transaction.drop(database, delete=False)

        self.write(apply)

    def map_bytes(self) -> int:
        """The size of the address range."""
        return self._environment.info()["map_size"]

    def row_count(self) -> int:
        """How many entries `rows` has."""
        return self.reader.stat(self.rows)["entries"]

    def row_keys(self, start: bytes, limit: int) -> list[bytes]:
        """Up to `limit` keys of `rows`, from `start` on."""
        with self.reader.cursor(self.rows) as cursor:
            return _keys_from(cursor, start, limit)

    def due_keys(self, start: bytes, limit: int) -> list[bytes]:
        """Up to `limit` keys of `dues`, from `start` on."""
        with self.reader.cursor(self.dues) as cursor:
            return _keys_from(cursor, start, limit)

    def close(self) -> None:
        """Ends its use."""
        self._end_reader()
        self._environment.close()

    def _end_reader(self) -> None:
        if self._reader is not None:
            self._reader.abort()
            self._reader = None

    def write_error(self, error: lmdb.Error | OSError) -> Exception:
        """What to raise where a write into the folder fails: NoDiskSpace or Internal."""
        statistics = os.statvfs(self.folder)
        is_full = statistics.f_bavail * statistics.f_frsize < _FULL_DISK_BYTES
        if is_full or errno.ENOSPC in (getattr(error, "code", None), getattr(error, "errno", None)):
            return NoDiskSpace(
                f"{self.folder} is full: free space there, or set LEADSTREAM_DATA_DIR to a folder with room or"
                " LEADSTREAM_CONTACT_STORE=memory; nothing is lost, the changelog has all contacts"
            )
        return Internal(f"contacts cannot be written to {self.folder}: {error}")


def _keys_from(cursor: lmdb.Cursor[bytes], start: bytes, limit: int) -> list[bytes]:
    if not cursor.set_range(start):
        return []
    return list(islice(cursor.iternext(keys=True, values=False), limit))
