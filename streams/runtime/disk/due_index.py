"""Who is due when: the database's index, and over it what is not written there yet.

An entry of the index stays where it is when its contact's due moves to later, as it does with each visit in a window.
When its instant is reached, the row says when the contact is due, and the next write moves the entry there.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from streams.engine.state.contact import account_of_key
from streams.engine.state.row_store import DueContact
from streams.runtime.disk.database import RowDatabase
from streams.runtime.disk.row_format import (
    due_prefix,
    is_shortened,
    parse_due_key,
    stored_due,
    stored_key,
    unpack_row,
)

_KEYS_AT_A_TIME = 64


class DueIndex:
    """The dues of one database; of memory it takes what one transaction changes, and a name per account."""

    def __init__(self, database: RowDatabase) -> None:
        self._database = database
        self._changed: dict[bytes, int | None] = {}
        """Key -> its due, where that is not, or may not be, what the database has."""
        self._changed_stored: set[bytes] = set()
        """The same keys as the database has them."""
        self._heaps: dict[str, list[DueContact]] = {}
        """Account -> entries of `_changed`, among them outdated ones."""
        self._scans: dict[str, _Scan] = {}
        """Account -> how far the database was looked at since it was written last."""
        self.outdated: set[bytes] = set()
        """KEYs whose entry lies behind: the next write should put it to their due."""
        self._accounts = set(self._stored_accounts())

    def set_due(self, key: bytes, due: int | None) -> None:
        """Says when a contact is due (ms)."""
        if key in self._changed and self._changed[key] == due:
            return
        self._changed[key] = due
        self._changed_stored.add(stored_key(key))
        if due is not None:
            account = account_of_key(key)
            self._accounts.add(account)
            heapq.heappush(self._heaps.setdefault(account, []), (due, key))

    def first_due(self, account: str, before: int | None) -> DueContact | None:
        """The earliest due contact, of one account or of all (""); None when none is due.

        When none is due before the instant `before` (ms), it may be any contact, or none.
        """
        accounts = (account,) if account else tuple(self._accounts)
        tops = (self._first_of(name, before) for name in accounts)
        return min((top for top in tops if top is not None), default=None)

    def forget_written(self, dues: dict[bytes, int | None]) -> None:
        """The database has been written: it has these dues now. To be called after each write."""
        for key, due in dues.items():
            if due is not None:
                self._accounts.add(account_of_key(key))
            if key in self._changed and self._changed[key] == due:
                del self._changed[key]
        self._changed_stored = set(map(stored_key, self._changed))
        self._heaps.clear()
        for key, remaining in self._changed.items():
            if remaining is not None:
                heapq.heappush(self._heaps.setdefault(account_of_key(key), []), (remaining, key))
        self._scans.clear()
        self.outdated.clear()

    def _first_of(self, account: str, before: int | None) -> DueContact | None:
        heap = self._heaps.get(account, [])
        while heap and self._changed[heap[0][1]] != heap[0][0]:
            heapq.heappop(heap)
        if account not in self._scans:
            self._scans[account] = _Scan(self._database, account)
        stored = self._scans[account].first_due(before, self._changed_stored, self.outdated)
        if heap and (stored is None or heap[0] < stored):
            return heap[0]
        return stored

    def _stored_accounts(self) -> Iterator[str]:
        start = b""
        while keys := self._database.due_keys(start, 1):
            account = keys[0][: keys[0].index(b"\0")]
            yield account.decode()
            start = account + b"\1"


class _Scan:
    """The dues of an account in the database, looked at in the order of their entries; it never goes back."""

    def __init__(self, database: RowDatabase, account: str) -> None:
        self._database = database
        self._entries = self._read_entries(due_prefix(account))
        self._next_entry = next(self._entries, None)
        self._found: list[DueContact] = []
        """A heap of the dues of entries looked at."""

    def first_due(self, before: int | None, changed: set[bytes], outdated: set[bytes]) -> DueContact | None:
        """As `DueIndex.first_due`, without the `changed` KEYs; adds to `outdated`."""
        while True:
            while self._found and stored_key(self._found[0][1]) in changed:
                heapq.heappop(self._found)
            first = self._found[0] if self._found else None
            entry = self._next_entry
            if entry is None or (first is not None and first[0] < entry[0]):
                return first
            if before is not None and entry[0] >= before:
                return first
            self._look_at(*entry, changed, outdated)
            self._next_entry = next(self._entries, None)

    def _look_at(self, entry: int, stored: bytes, changed: set[bytes], outdated: set[bytes]) -> None:
        if stored in changed:
            return
        value = self._database.reader.get(stored)
        due = None if value is None else stored_due(value).due
        if due != entry:
            outdated.add(stored)
        if value is not None and due is not None:
            key = unpack_row(value).key if is_shortened(stored) else stored
            heapq.heappush(self._found, (due, key))

    def _read_entries(self, prefix: bytes) -> Iterator[tuple[int, bytes]]:
        """Entry and KEY."""
        start = prefix
        while keys := self._database.due_keys(start, _KEYS_AT_A_TIME):
            for key in keys:
                if not key.startswith(prefix):
                    return
                yield parse_due_key(key)
            start = keys[-1] + b"\0"
