"""Rows of a partition in memory: the default, for what fits there."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import msgspec

from streams.engine.state.applied_ids import is_chunk_key
from streams.engine.state.contact import ContactHeader, account_of_key
from streams.engine.state.row_store import DueContact

_decode_header = msgspec.json.Decoder(ContactHeader).decode

_MAX_STALE_ENTRIES = 1_000
"""So many outdated entries a heap may have before it is rebuilt."""


class MemoryRows:
    """A `RowStore` of dictionaries; dues in one heap per account."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}
        self._id_chunks: dict[bytes, bytes] = {}
        self._due_by_key: dict[bytes, int] = {}
        self._due_heaps: dict[str, list[DueContact]] = {}
        self._accounts: set[str] = set()

    def restore(self, key: bytes, record: bytes | None) -> None:
        """Takes one record of the changelog; the last one of a key counts."""
        self.write(key, record)

    def finish_restore(self) -> None:
        """Indexes who is due when. To be called after the last `restore`."""
        self._due_by_key.clear()
        self._due_heaps.clear()
        for key, row in self._rows.items():
            header = _decode_header(row)
            if header.due is not None:
                self._due_by_key[key] = header.due
                self._due_heaps.setdefault(header.account, []).append((header.due, key))
        for heap in self._due_heaps.values():
            heapq.heapify(heap)

    def get(self, key: bytes) -> bytes | None:
        """The record of a key."""
        return self._records_like(key).get(key)

    def write(self, key: bytes, record: bytes | None, due: int | None = None) -> None:
        """Stores a record, None deletes it; `due` was given to `set_due`."""
        del due
        rows = self._rows
        if record is not None and key in rows:  # most writes
            rows[key] = record
            return
        records = self._records_like(key)
        if record is None:
            records.pop(key, None)
            return
        if records is rows:
            self._accounts.add(account_of_key(key))
        records[key] = record

    def set_due(self, key: bytes, due: int | None) -> None:
        """Says when a contact is due (ms)."""
        if due == self._due_by_key.get(key):
            return
        if due is None:
            del self._due_by_key[key]
            return
        self._due_by_key[key] = due
        account = account_of_key(key)
        heap = self._due_heaps.setdefault(account, [])
        heapq.heappush(heap, (due, key))
        if len(heap) > 2 * len(self._due_by_key) + _MAX_STALE_ENTRIES:
            self._rebuild_heap(account)

    def first_due(self, account: str, before: int | None = None) -> DueContact | None:
        """The earliest due contact, of one account or of all (""), whatever `before` is; None when none is due."""
        del before
        accounts = (account,) if account else tuple(self._due_heaps)
        tops = (self._first_due_of(name) for name in accounts)
        return min((top for top in tops if top is not None), default=None)

    def keys_of(self, account: str) -> Iterator[bytes]:
        """The keys of an account's contacts that have a row now."""
        prefix = account.encode() + b"/"
        keys = list(self._rows)  # to look at each key of a large partition at once would be a pause
        return (key for key in keys if key.startswith(prefix))

    def has_contacts(self, account: str) -> bool:
        """Whether the account has, or had, a contact."""
        return account in self._accounts

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and row of every contact."""
        return iter(tuple(self._rows.items()))

    def record_count(self) -> int:
        """How many contacts have a row."""
        return len(self._rows)

    def _records_like(self, key: bytes) -> dict[bytes, bytes]:
        return self._id_chunks if is_chunk_key(key) else self._rows

    def _first_due_of(self, account: str) -> DueContact | None:
        heap = self._due_heaps.get(account, [])
        while heap and self._due_by_key.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0] if heap else None

    def _rebuild_heap(self, account: str) -> None:
        heap = [entry for entry in set(self._due_heaps[account]) if self._due_by_key.get(entry[1]) == entry[0]]
        heapq.heapify(heap)
        self._due_heaps[account] = heap
