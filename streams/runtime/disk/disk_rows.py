"""Rows of a partition on local disk: what is committed in the database, over it what is not committed yet.

The database is filled from committed transactions only, each with its position in the changelog in the same write. So
after a crash it is right as far as its position says, and the changelog has the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import lmdb
import msgspec

from streams.clock import now_ms
from streams.engine.state.applied_ids import is_chunk_key
from streams.engine.state.contact import ContactHeader
from streams.engine.state.row_store import DueContact
from streams.runtime.disk.database import RowDatabase
from streams.runtime.disk.due_index import DueIndex
from streams.runtime.disk.row_format import due_key, is_shortened, pack_row, stored_due, stored_key, unpack_row

_STATE_KEY = b"state"
_KEYS_AT_A_TIME = 1_000

_decode_header = msgspec.json.Decoder(ContactHeader).decode


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

    def __init__(self, database: RowDatabase, release: Callable[[], None]) -> None:
        self._database = database
        self._release = release
        self._uncommitted: dict[bytes, tuple[bytes | None, int | None]] = {}
        """Key -> record and due of a row that no committed transaction has yet."""
        self._restored: dict[bytes, bytes | None] = {}
        self._dues = DueIndex(database)
        self._state = self._read_state()

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
        self._state = DiskState()
        self._dues = DueIndex(self._database)

    def restore(self, key: bytes, record: bytes | None) -> None:
        """Takes one committed record of the changelog, in order; it is written with `commit_restored`."""
        self._restored[key] = record

    def commit_restored(self, checkpoint: bytes, position: int) -> None:
        """Writes what was restored since the last time; `position` and `checkpoint` are those of `DiskState`."""
        self.commit(self._restored, checkpoint, position)
        self._restored.clear()

    def finish_restore(self) -> None:
        """Does nothing: the database has its index."""

    def commit(self, records: Mapping[bytes, bytes | None], checkpoint: bytes, position: int) -> None:
        """Writes what a committed transaction wrote to the changelog.

        `position` and `checkpoint` are those of `DiskState`. Raises NoDiskSpace, and Internal when the disk refuses.
        """
        dues = {key: self._due_of(key, record) for key, record in records.items()}
        state = DiskState(position, checkpoint, now_ms())

        def apply(transaction: lmdb.Transaction[bytes]) -> None:
            for key, record in records.items():
                self._write_record(transaction, key, record, dues[key])
            transaction.put(_STATE_KEY, msgspec.msgpack.encode(state), db=self._database.meta)

        self._database.write(apply)
        self._state = state
        for key, record in records.items():
            entry = self._uncommitted.get(key)
            if entry is not None and entry[0] is record:  # else a later transaction changes it
                del self._uncommitted[key]
        self._dues.forget_written(dues)

    def close(self) -> None:
        """Ends its use; what is written stays."""
        self._database.close()
        self._release()

    # What the engine asks

    def get(self, key: bytes) -> bytes | None:
        """The record of a key."""
        entry = self._uncommitted.get(key)
        if entry is not None:
            return entry[0]
        value = self._database.reader.get(stored_key(key))
        return None if value is None else unpack_row(value).record

    def size(self, key: bytes) -> int:
        """The size (bytes) of a key's record; 0 for none."""
        return len(self.get(key) or b"")

    def write(self, key: bytes, record: bytes | None, due: int | None = None) -> None:
        """Stores a record, None deletes it, until `commit` writes it; `due` (ms) is that of a contact's row."""
        self._uncommitted[key] = (record, due)

    def set_due(self, key: bytes, due: int | None) -> None:
        """Says when a contact is due (ms)."""
        self._dues.set_due(key, due)

    def first_due(self, account: str) -> DueContact | None:
        """The earliest due contact, of one account or of all (""); None when none is due."""
        return self._dues.first_due(account)

    def keys_of(self, account: str) -> Iterator[bytes]:
        """The keys of an account's contacts that have a row now; those that get one meanwhile may be among them."""
        prefix = account.encode() + b"/"
        return self._keys(prefix, [key for key in self._uncommitted if key.startswith(prefix)])

    def has_contacts(self, account: str) -> bool:
        """Whether the account has a contact."""
        return next(self.keys_of(account), None) is not None

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and row of every contact."""
        for key in dict.fromkeys(self._keys(b"", list(self._uncommitted))):
            row = None if is_chunk_key(key) else self.get(key)
            if row is not None:
                yield key, row

    def _keys(self, prefix: bytes, uncommitted: list[bytes]) -> Iterator[bytes]:
        yield from uncommitted
        start = prefix
        while keys := self._database.row_keys(start, _KEYS_AT_A_TIME):
            for key in keys:
                if not key.startswith(prefix):
                    return
                yield self._whole_key(key)
            start = keys[-1] + b"\0"

    def _whole_key(self, key: bytes) -> bytes:
        if not is_shortened(key):
            return key
        value = self._database.reader.get(key)
        assert value is not None, "no row goes while it is read"
        return unpack_row(value).key

    def _due_of(self, key: bytes, record: bytes | None) -> int | None:
        if record is None or is_chunk_key(key):
            return None
        entry = self._uncommitted.get(key)
        if entry is not None and entry[0] is record:
            return entry[1]
        return _decode_header(record).due

    def _write_record(
        self, transaction: lmdb.Transaction[bytes], key: bytes, record: bytes | None, due: int | None
    ) -> None:
        stored = stored_key(key)
        former = transaction.get(stored)
        former_due = None if former is None else stored_due(former)
        if record is None:
            transaction.delete(stored)
        else:
            transaction.put(stored, pack_row(key, record, due))
        if former_due == due:
            return
        if former_due is not None:
            transaction.delete(due_key(key, former_due), db=self._database.dues)
        if due is not None:
            transaction.put(due_key(key, due), b"", db=self._database.dues)

    def _read_state(self) -> DiskState:
        value = self._database.reader.get(_STATE_KEY, db=self._database.meta)
        return DiskState() if value is None else msgspec.msgpack.decode(value, type=DiskState)
