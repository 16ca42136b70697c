"""The contacts of one journal partition: rows as bytes, and who is due when, found without looking at all of them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import msgspec

from streams.engine.state.contact import Contact, Head

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Contact).decode
_decode_head = msgspec.json.Decoder(Head).decode

_SLACK = 1_000
"""Outdated heap entries that are borne before the heap is made anew."""


class Rows:
    """Rows by key, dues in one heap per account. A contact is decoded once until `flush`."""

    def __init__(self) -> None:
        self._bytes: dict[bytes, bytes] = {}
        self._open: dict[bytes, Contact] = {}
        self._changed: dict[bytes, Contact] = {}
        self._dues: dict[bytes, int] = {}
        self._heaps: dict[str, list[tuple[int, bytes]]] = {}
        self._accounts: set[str] = set()

    def restore(self, key: bytes, value: bytes | None) -> None:
        """One record of the changelog; the last one of a key counts."""
        if value is None:
            self._bytes.pop(key, None)
        else:
            self._bytes[key] = value
            self._accounts.add(key.partition(b"/")[0].decode())

    def index(self) -> None:
        """After every `restore`: finds out who is due when."""
        self._dues.clear()
        self._heaps.clear()
        for key, value in self._bytes.items():
            head = _decode_head(value)
            if head.due is not None:
                self._dues[key] = head.due
                self._heaps.setdefault(head.account, []).append((head.due, key))
        for heap in self._heaps.values():
            heapq.heapify(heap)

    def get(self, key: bytes) -> Contact | None:
        """The contact of a key; it may be changed in place when `put` follows."""
        found = self._open.get(key)
        if found is None and (value := self._bytes.get(key)) is not None:
            found = self._open[key] = _decode(value)
        return found

    def put(self, key: bytes, contact: Contact) -> None:
        """A contact as it is now."""
        self._open[key] = self._changed[key] = contact
        self._accounts.add(contact.account)
        if contact.due == self._dues.get(key):
            return
        if contact.due is None:
            del self._dues[key]
            return
        self._dues[key] = contact.due
        heap = self._heaps.setdefault(contact.account, [])
        heapq.heappush(heap, (contact.due, key))
        if len(heap) > 2 * len(self._dues) + _SLACK:
            self._renew(contact.account)

    def flush(self) -> dict[bytes, bytes]:
        """The rows changed since the last flush, as bytes; what was decoded is let go."""
        written = {key: _encode(contact) for key, contact in self._changed.items()}
        self._bytes.update(written)
        self._changed.clear()
        self._open.clear()
        return written

    def settled(self, key: bytes) -> int:
        """The journal offset that a contact is settled for, without decoding all of its row."""
        found = self._open.get(key)
        return found.settled if found is not None else _decode_head(self._bytes[key]).settled

    def size(self, key: bytes) -> int:
        """Bytes of a row as last written."""
        return len(self._bytes.get(key, b""))

    def keys_of(self, account: str) -> list[bytes]:
        """The keys of an account's contacts."""
        prefix = account.encode() + b"/"
        known = (key for rows in (self._bytes, self._changed) for key in rows if key.startswith(prefix))
        return list(dict.fromkeys(known))

    def has_any_of(self, account: str) -> bool:
        """Whether there is a contact of the account."""
        return account in self._accounts

    def first_due(self, account: str = "") -> tuple[int, bytes] | None:
        """Who is due first, and when; of one account, or of all."""
        accounts = (account,) if account else tuple(self._heaps)
        tops = (self._top(name) for name in accounts)
        return min((top for top in tops if top is not None), default=None)

    def everyone(self) -> Iterator[Contact]:
        """Every contact, in no order that means anything."""
        for key in dict.fromkeys((*self._bytes, *self._changed)):
            contact = self.get(key)
            if contact is not None:
                yield contact

    def _top(self, account: str) -> tuple[int, bytes] | None:
        heap = self._heaps.get(account, [])
        while heap and self._dues.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0] if heap else None

    def _renew(self, account: str) -> None:
        heap = [entry for entry in set(self._heaps[account]) if self._dues.get(entry[1]) == entry[0]]
        heapq.heapify(heap)
        self._heaps[account] = heap
