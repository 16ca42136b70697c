"""Stores the contacts of one journal partition as rows of bytes, with an index of who is due when."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import msgspec

from streams.engine.state.applied_ids import chunk_key, is_chunk_key
from streams.engine.state.contact import Contact, ContactHeader, decode_contact, encode_contact
from streams.engine.state.decoded_contacts import DECODED_CONTACTS, DecodedContacts

_decode_header = msgspec.json.Decoder(ContactHeader).decode

_MAX_STALE_ENTRIES = 1_000
"""So many outdated entries a heap may have before it is rebuilt."""


class ContactStore:
    """Rows by key (`account/contact`), dues in one heap per account.

    At most `decoded_limit` contacts stay decoded between batches, those used lately. They are what the rows say: a
    contact is changed only where `put` follows, and an error in between ends the use of the store.
    """

    def __init__(self, decoded_limit: int = DECODED_CONTACTS) -> None:
        self._rows: dict[bytes, bytes] = {}
        self._id_chunks: dict[bytes, bytes] = {}
        self._decoded = DecodedContacts(decoded_limit)
        self._dirty: dict[bytes, Contact] = {}
        self._due_by_key: dict[bytes, int] = {}
        self._due_heaps: dict[str, list[tuple[int, bytes]]] = {}
        self._accounts: set[str] = set()

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one record of the changelog; the last one of a key counts."""
        self._store_record(key, value)
        if not is_chunk_key(key):
            self._accounts.add(key.partition(b"/")[0].decode())

    def index_dues(self) -> None:
        """Indexes who is due when. To be called after the last `restore`."""
        self._due_by_key.clear()
        self._due_heaps.clear()
        for key, value in self._rows.items():
            header = _decode_header(value)
            if header.due is not None:
                self._due_by_key[key] = header.due
                self._due_heaps.setdefault(header.account, []).append((header.due, key))
        for heap in self._due_heaps.values():
            heapq.heapify(heap)

    def get(self, key: bytes) -> Contact | None:
        """The contact of a key, or None. It may be changed in place when `put` follows."""
        contact = self._decoded.get(key)
        if contact is None and (value := self._rows.get(key)) is not None:
            contact = self._decode(key, value)
            self._decoded.put(key, contact)
        return contact

    def put(self, key: bytes, contact: Contact) -> None:
        """Stores a contact as it is now."""
        self._dirty[key] = contact
        self._decoded.put(key, contact)
        self._accounts.add(contact.account)
        if contact.due == self._due_by_key.get(key):
            return
        if contact.due is None:
            del self._due_by_key[key]
            return
        self._due_by_key[key] = contact.due
        heap = self._due_heaps.setdefault(contact.account, [])
        heapq.heappush(heap, (contact.due, key))
        if len(heap) > 2 * len(self._due_by_key) + _MAX_STALE_ENTRIES:
            self._rebuild_heap(contact.account)

    def flush(self) -> dict[bytes, bytes | None]:
        """Returns the records changed since the last flush, and forgets contacts not used lately."""
        changed: dict[bytes, bytes | None] = {}
        for key, contact in self._dirty.items():
            changed[key] = encode_contact(contact)
            for number, chunk in contact.applied.take_changes().items():
                changed[chunk_key(key, number)] = chunk
        for key, record in changed.items():
            self._store_record(key, record)
        self._dirty.clear()
        self._decoded.trim()
        return changed

    def settled_offset(self, key: bytes) -> int:
        """The journal offset that a contact is settled for, without decoding the whole row."""
        contact = self._decoded.get(key)
        return contact.settled if contact is not None else _decode_header(self._rows[key]).settled

    def size(self, key: bytes) -> int:
        """The size of a row (bytes) as last flushed; 0 for a new one."""
        return len(self._rows.get(key, b""))

    def keys_of(self, account: str) -> list[bytes]:
        """The keys of an account's contacts."""
        prefix = account.encode() + b"/"
        keys = (key for rows in (self._rows, self._dirty) for key in rows if key.startswith(prefix))
        return list(dict.fromkeys(keys))

    def has_contacts(self, account: str) -> bool:
        """Returns whether the account has a contact."""
        return account in self._accounts

    def first_due(self, account: str = "") -> tuple[int, bytes] | None:
        """The earliest due instant and the key of that contact, of one account or of all; None when none is due."""
        accounts = (account,) if account else tuple(self._due_heaps)
        tops = (self._first_due_of(name) for name in accounts)
        return min((top for top in tops if top is not None), default=None)

    def contacts(self) -> Iterator[Contact]:
        """A copy of every contact as last flushed, in no particular order; none of them stays decoded."""
        return (self._decode(key, value) for key, value in tuple(self._rows.items()))

    def _decode(self, key: bytes, value: bytes) -> Contact:
        contact = decode_contact(value)
        if contact.applied.next_chunk:
            contact.applied.load_chunks(lambda number: self._id_chunks.get(chunk_key(key, number)))
        return contact

    def _store_record(self, key: bytes, record: bytes | None) -> None:
        records = self._id_chunks if is_chunk_key(key) else self._rows
        if record is None:
            records.pop(key, None)
        else:
            records[key] = record

    def _first_due_of(self, account: str) -> tuple[int, bytes] | None:
        heap = self._due_heaps.get(account, [])
        while heap and self._due_by_key.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0] if heap else None

    def _rebuild_heap(self, account: str) -> None:
        heap = [entry for entry in set(self._due_heaps[account]) if self._due_by_key.get(entry[1]) == entry[0]]
        heapq.heapify(heap)
        self._due_heaps[account] = heap
