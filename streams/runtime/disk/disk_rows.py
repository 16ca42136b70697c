"""Rows of a partition on local disk: a database, and over it in memory what is not written there yet.

The database is filled from committed transactions only, several at a time, with their position in the changelog in
the same write. So after a crash it is right as far as its position says, and the changelog has the rest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import lmdb
import msgspec

from streams.clock import now_ms
from streams.engine.state.applied_ids import is_chunk_key
from streams.engine.state.row_store import DueContact
from streams.errors import Internal, NoDiskSpace
from streams.runtime.disk.bulk_load import BulkLoad
from streams.runtime.disk.database import RowDatabase
from streams.runtime.disk.due_index import DueIndex
from streams.runtime.disk.row_format import (
    StoredDue,
    decode_due,
    due_key,
    is_shortened,
    pack_row,
    record_of,
    replace_due,
    stored_due,
    stored_key,
    unpack_row,
)

_STATE_KEY = b"state"
_KEYS_AT_A_TIME = 1_000

GROUP_ROWS = 2_000
"""So many records are written at a time: with 30 each takes twice as long. LMDB has some 10 kB of memory for each."""

GROUP_MS = 60_000
"""Committed records wait no longer than this for others, once another transaction is committed."""

_Entry = tuple[bytes | None, int | None]
"""A record, and its due (ms) where it is a contact's row."""


_NOT_DELETED: _Entry = (b"", None)


class DiskState(msgspec.Struct, frozen=True):
    """What the database is filled up to.

    The changelog was read, or written, up to the offset `position` (not included); `checkpoint` is its last
    checkpoint record before. `wrote_at` is the wall clock (ms).
    """

    position: int = 0
    checkpoint: bytes = b""
    wrote_at: int = 0


class DiskRows:
    """A `RowStore` and a `LocalRows` in one LMDB database; `release` is called when its use ends."""

    def __init__(self, database: RowDatabase, release: Callable[[], None], group_rows: int = GROUP_ROWS) -> None:
        self._database = database
        self._release = release
        self._group_rows = group_rows
        self._newer: dict[bytes, _Entry] = {}
        """Records that the engine wrote and the database does not have."""
        self._committed: dict[bytes, _Entry] = {}
        """Records to be written next; what replaces one of them before is only in `_newer`."""
        self._dues = DueIndex(database)
        self._bulk_load: BulkLoad | None = None
        """What is being restored from the beginning of the changelog."""
        self._state = self._next_state = self._read_state()

    # What the changelog says

    @property
    def state(self) -> DiskState:
        """What the database is filled up to."""
        return self._state

    def start_restore(self, end: int) -> tuple[int, bytes]:
        """Where to read the changelog from, which ends at `end`, and the last checkpoint record before.

        Where the changelog is shorter than what was written, it is another one: then everything begins anew.
        """
        if self._state.position > end:
            self.clear()
        return self._state.position, self._state.checkpoint

    def clear(self) -> None:
        """Begins anew, without contacts."""
        self._database.clear()
        self._newer.clear()
        self._committed.clear()
        self._dues = DueIndex(self._database)
        self._state = self._next_state = DiskState()

    def restore(self, key: bytes, record: bytes | None) -> None:
        """Takes one committed record of the changelog, in order.

        Records may be written before their position is: then they are restored once more. Those from the beginning
        on are sorted first, and written at the end.
        """
        if self._bulk_load is None and not self._state.position:
            self._database.clear()  # an earlier restore may have ended in the middle
            self._bulk_load = BulkLoad(self._database)
        if self._bulk_load is not None:
            self._bulk_load.put(key, record)
            return
        self._committed[key] = (record, self._due_of(key, record))
        if len(self._committed) >= self._group_rows:
            self._write_committed()

    def commit_restored(self, checkpoint: bytes, position: int) -> None:
        """`checkpoint` and `position` are those of `DiskState` after the records restored so far."""
        self._next_state = DiskState(position, checkpoint, now_ms())

    def finish_restore(self) -> None:
        """Writes what was restored; the database has its index of dues then."""
        if self._bulk_load is not None:
            self._bulk_load.finish()
            self._bulk_load = None
            self._dues = DueIndex(self._database)
        self._write_committed()

    def commit(self, records: Mapping[bytes, bytes | None], checkpoint: bytes, position: int) -> None:
        """Takes what a committed transaction wrote to the changelog, and writes it with others.

        `checkpoint` and `position` are those of `DiskState`. Raises NoDiskSpace, and Internal when the disk refuses.
        """
        for key, record in records.items():
            self._committed[key] = (record, self._due_of(key, record))
        self._next_state = DiskState(position, checkpoint, now_ms())
        waited = self._next_state.wrote_at - self._state.wrote_at
        if len(self._committed) >= self._group_rows or waited > GROUP_MS:
            self._write_committed()

    def close(self) -> None:
        """Writes what is committed and ends its use."""
        if self._bulk_load is not None:  # given up in the middle: the next restore begins anew
            self._bulk_load.close()
            self._next_state = self._state
        with contextlib.suppress(NoDiskSpace, Internal):  # then the changelog has more of the rest
            self._write_committed()
        self._database.close()
        self._release()

    # What the engine asks

    def get(self, key: bytes) -> bytes | None:
        """The record of a key."""
        entry = self._newer.get(key)
        if entry is not None:
            return entry[0]
        value = self._database.reader.get(stored_key(key))
        return None if value is None else record_of(value)

    def write(self, key: bytes, record: bytes | None, due: int | None = None) -> None:
        """Stores a record, None deletes it; `due` (ms) is that of a contact's row."""
        self._newer[key] = (record, due)

    def set_due(self, key: bytes, due: int | None) -> None:
        """Says when a contact is due (ms)."""
        self._dues.set_due(key, due)

    def first_due(self, account: str, before: int | None = None) -> DueContact | None:
        """The earliest due contact, of one account or of all (""); None when none is due.

        When none is due before the instant `before` (ms), it may be any contact, or none.
        """
        return self._dues.first_due(account, before)

    def keys_of(self, account: str) -> Iterator[bytes]:
        """The keys of an account's contacts that have a row now; those that get one meanwhile may be among them."""
        prefix = account.encode() + b"/"
        return self._keys(prefix)

    def has_contacts(self, account: str) -> bool:
        """Whether the account has a contact."""
        return next(self.keys_of(account), None) is not None

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and row of every contact."""
        for key in dict.fromkeys(self._keys(b"")):
            row = None if is_chunk_key(key) else self.get(key)
            if row is not None:
                yield key, row

    def record_count(self) -> int:
        """How many rows and chunks of ids are in the database."""
        return self._database.row_count()

    def _keys(self, prefix: bytes) -> Iterator[bytes]:
        newer = [key for key, (record, _) in self._newer.items() if record is not None and key.startswith(prefix)]
        return chain(newer, self._stored_keys(prefix))

    def _stored_keys(self, prefix: bytes) -> Iterator[bytes]:
        start = prefix
        while keys := self._database.row_keys(start, _KEYS_AT_A_TIME):
            for stored in keys:
                if not stored.startswith(prefix):
                    return
                key = self._whole_key(stored)
                if key is not None and self._newer.get(key, _NOT_DELETED)[0] is not None:
                    yield key
            start = keys[-1] + b"\0"

    def _whole_key(self, stored: bytes) -> bytes | None:
        """The key of a row; None where that was deleted meanwhile."""
        if not is_shortened(stored):
            return stored
        value = self._database.reader.get(stored)
        return None if value is None else unpack_row(value).key

    def _due_of(self, key: bytes, record: bytes | None) -> int | None:
        if record is None or is_chunk_key(key):
            return None
        entry = self._newer.get(key)
        if entry is not None and entry[0] is record:
            return entry[1]
        return decode_due(record)

    def _write_committed(self) -> None:
        committed, state = self._committed, self._next_state
        if state is self._state and not committed:
            return

        outdated = self._dues.outdated.copy()

        def apply(transaction: lmdb.Transaction[bytes]) -> None:
            for key in sorted(committed):  # neighbours lie on one page
                self._write_record(transaction, key, *committed[key])
            for stored in outdated - {stored_key(key) for key in committed}:
                self._move_entry(transaction, stored)
            transaction.put(_STATE_KEY, msgspec.msgpack.encode(state), db=self._database.meta)

        self._database.write(apply)
        self._state, self._committed = state, {}
        for key, (record, _) in committed.items():
            newer = self._newer.get(key)
            if newer is not None and newer[0] is record:  # else a later transaction changes it
                del self._newer[key]
        self._dues.forget_written({key: due for key, (_, due) in committed.items()})

    def _write_record(
        self, transaction: lmdb.Transaction[bytes], key: bytes, record: bytes | None, due: int | None
    ) -> None:
        stored = stored_key(key)
        former = transaction.get(stored)
        entry = None if former is None else stored_due(former).entry
        if record is None:
            self._put_entry(transaction, stored, entry, None)
            transaction.delete(stored)
            return
        is_behind = stored in self._dues.outdated
        if is_behind or (due is not None and (entry is None or due < entry)):
            entry = self._put_entry(transaction, stored, entry, due)
        transaction.put(stored, pack_row(key, record, StoredDue(due, entry)))

    def _move_entry(self, transaction: lmdb.Transaction[bytes], stored: bytes) -> None:
        """Puts the entry of a row to its due."""
        value = transaction.get(stored)
        if value is not None:
            due, entry = stored_due(value)
            entry = self._put_entry(transaction, stored, entry, due)
            transaction.put(stored, replace_due(value, StoredDue(due, entry)))

    def _put_entry(
        self, transaction: lmdb.Transaction[bytes], stored: bytes, former: int | None, entry: int | None
    ) -> int | None:
        """Returns the new entry."""
        if former is not None:
            transaction.delete(due_key(stored, former), db=self._database.dues)
        if entry is not None:
            transaction.put(due_key(stored, entry), b"", db=self._database.dues)
        return entry

    def _read_state(self) -> DiskState:
        value = self._database.reader.get(_STATE_KEY, db=self._database.meta)
        return DiskState() if value is None else msgspec.msgpack.decode(value, type=DiskState)
