"""Who is due when: the database's index, and over it what is not committed yet."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from streams.engine.state.contact import account_of_key
from streams.engine.state.row_store import DueContact
from streams.runtime.disk.database import RowDatabase
from streams.runtime.disk.row_format import due_prefix, is_shortened, parse_due_key, stored_key, unpack_row

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
        self._scans: dict[str, Iterator[DueContact]] = {}
        """Account -> the database's entries that are not looked at yet."""
        self._tops: dict[str, DueContact | None] = {}
        """Account -> its first unchanged entry of the database."""
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

    def first_due(self, account: str) -> DueContact | None:
        """The earliest due contact, of one account or of all (""); None when none is due."""
        tops = (self._first_of(name) for name in ((account,) if account else tuple(self._accounts)))
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
        self._tops.clear()

    def _first_of(self, account: str) -> DueContact | None:
        heap = self._heaps.get(account, [])
        while heap and self._changed[heap[0][1]] != heap[0][0]:
            heapq.heappop(heap)
        stored = self._first_stored(account)
        if heap and (stored is None or heap[0] < stored):
            return heap[0]
        return stored

    def _first_stored(self, account: str) -> DueContact | None:
        """Entries of changed keys count no more until the next write, so the scan never goes back."""
        if account not in self._scans:
            self._scans[account] = self._scan(account)
            self._tops[account] = next(self._scans[account], None)
        top = self._tops[account]
        while top is not None and stored_key(top[1]) in self._changed_stored:
            top = self._tops[account] = next(self._scans[account], None)
        return top

    def _scan(self, account: str) -> Iterator[DueContact]:
        prefix = start = due_prefix(account)
        while keys := self._database.due_keys(start, _KEYS_AT_A_TIME):
            for key in keys:
                if not key.startswith(prefix):
                    return
                due, stored = parse_due_key(key)
                yield due, self._whole_key(stored)
            start = keys[-1] + b"\0"

    def _whole_key(self, stored: bytes) -> bytes:
        if not is_shortened(stored):
            return stored
        value = self._database.reader.get(stored)
        assert value is not None, "a contact that is due has a row"
        return unpack_row(value).key

    def _stored_accounts(self) -> Iterator[str]:
        start = b""
        while keys := self._database.due_keys(start, 1):
            account = keys[0][: keys[0].index(b"\0")]
            yield account.decode()
            start = account + b"\1"
