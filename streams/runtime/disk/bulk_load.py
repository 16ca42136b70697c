"""Fills an empty database with a whole changelog: sorted first, so that its pages are filled one after the other."""

from __future__ import annotations

import lmdb

from streams.engine.state.applied_ids import is_chunk_key
from streams.errors import Internal
from streams.runtime.disk.database import RowDatabase
from streams.runtime.disk.row_format import due_keys, pack_restored_row, stored_key
from streams.runtime.disk.sorted_runs import Entry, SortedRuns

RUN_BYTES = 16 << 20
"""Records of so many bytes are in memory before they are sorted and put aside in a file."""

_RECORD_BYTES = 200
"""What a record takes in memory besides its bytes, about."""

_GROUP_ROWS = 2_000
"""So many rows are written in one transaction of LMDB, which has their pages in memory."""

_GROUP_DUES = 100_000
"""So many dues are sorted and written together."""


class BulkLoad:
    """Records of a changelog on their way into an empty database; the last one of a key counts.

    Random keys written as they come cost more CPU and leave pages partly empty: every group of them touches as many
    pages as it has records. What is written is worth nothing before the last of it.
    """

    def __init__(self, database: RowDatabase, run_bytes: int = RUN_BYTES) -> None:
        self._database = database
        self._run_bytes = run_bytes
        self._runs = SortedRuns(database.folder)
        self._records: dict[bytes, bytes | None] = {}
        self._bytes = 0

    def put(self, key: bytes, record: bytes | None) -> None:
        """Takes the next record; None deletes its key. Raises NoDiskSpace, and Internal when the disk refuses."""
        self._records[key] = record
        self._bytes += _RECORD_BYTES + len(key) + (0 if record is None else len(record))
        if self._bytes >= self._run_bytes:
            size = self._bytes
            try:
                self._runs.add(self._take_entries(), size)
            except OSError as error:
                raise self._database.write_error(error) from error

    def finish(self) -> None:
        """Writes everything. Raises NoDiskSpace, and Internal when the disk refuses."""
        rows: list[tuple[bytes, bytes]] = []
        dues: list[bytes] = []
        for entries in self._runs.merge(self._take_entries()):
            rows += [(key, value) for key, value in entries if value is not None]
            if len(rows) >= _GROUP_ROWS:
                self._append_rows(rows, dues)
        self._append_rows(rows, dues)
        self._write_dues(dues)
        self.close()

    def close(self) -> None:
        """Gives up what is not written."""
        self._records = {}
        self._runs.close()

    def _take_entries(self) -> list[Entry]:
        entries = sorted([_pack(key, record) for key, record in self._records.items()])
        self._records, self._bytes = {}, 0
        return entries

    def _append_rows(self, rows: list[tuple[bytes, bytes]], dues: list[bytes]) -> None:
        """Writes rows that follow all before, and empties the list."""

        def apply(transaction: lmdb.Transaction[bytes]) -> None:
            with transaction.cursor(self._database.rows) as cursor:
                _, added = cursor.putmulti(rows, append=True)
            if added != len(rows):
                raise Internal(f"{len(rows) - added} contacts are out of order in {self._database.folder}")

        self._database.write(apply)
        dues.extend(due_keys(rows))
        rows.clear()
        if len(dues) >= _GROUP_DUES:
            self._write_dues(dues)

    def _write_dues(self, dues: list[bytes]) -> None:
        dues.sort()

        def apply(transaction: lmdb.Transaction[bytes]) -> None:
            with transaction.cursor(self._database.dues) as cursor:
                cursor.putmulti([(key, b"") for key in dues])

        self._database.write(apply)
        dues.clear()


def _pack(key: bytes, record: bytes | None) -> Entry:
    value = None if record is None else pack_restored_row(key, record, is_contact=not is_chunk_key(key))
    return stored_key(key), value
