"""The contacts of one journal partition: those used lately decoded, all of them as rows of a row store."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from streams.engine.state.applied_ids import chunk_key, has_chunks
from streams.engine.state.contact import Contact, applied_ids, decode_contact, encode_contact
from streams.engine.state.decoded_contacts import DECODED_CONTACTS, DecodedContacts
from streams.engine.state.memory_rows import MemoryRows
from streams.engine.state.row_store import DueContact, RowStore


class ContactStore:
    """Contacts by key (`account/contact`).

    At most `decoded_limit` contacts stay decoded between batches, those that had a record of their own lately. They
    are what the rows say: a contact is changed only where `put` follows, and an error in between ends the use of the
    store.
    """

    def __init__(self, rows: RowStore | None = None, decoded_limit: int = DECODED_CONTACTS) -> None:
        self._rows: RowStore = MemoryRows() if rows is None else rows
        self._decoded = DecodedContacts(decoded_limit)
        self._dirty: dict[bytes, Contact] = {}

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one record of the changelog; the last one of a key counts."""
        self._rows.restore(key, value)

    def finish_restore(self) -> None:
        """Indexes who is due when. To be called after the last `restore`."""
        self._rows.finish_restore()

    def get(self, key: bytes) -> Contact | None:
        """The contact of a key, or None. It may be changed in place when `put` follows."""
        contact = self._decoded.get(key)
        if contact is None and (contact := self.visit(key)) is not None:
            self._decoded.put(key, contact)
        return contact

    def visit(self, key: bytes) -> Contact | None:
        """As `get`, for what comes to all contacts in turn: the contact stays decoded only where it was before."""
        contact = self._decoded.get(key) or self._dirty.get(key)
        if contact is None and (row := self._rows.get(key)) is not None:
            contact = self._decode(key, row)
        return contact

    def put(self, key: bytes, contact: Contact, *, is_visited: bool = False) -> None:
        """Stores a contact as it is now; `is_visited` where it comes from `visit`."""
        if key not in self._dirty:
            self._dirty[key] = contact
            if not is_visited:
                self._decoded.put(key, contact)
        self._rows.set_due(key, contact.due)

    def flush(self) -> dict[bytes, bytes | None]:
        """Returns the records changed since the last flush, and forgets contacts not used lately."""
        changed: dict[bytes, bytes | None] = {}
        for key, contact in self._dirty.items():
            row = changed[key] = encode_contact(contact)
            contact.row_size = len(row)
            self._rows.write(key, row, contact.due)
            if contact.ids is not None and (chunks := contact.ids.take_changes()):
                for number, chunk in chunks.items():
                    changed[chunk_key(key, number)] = chunk
                    self._rows.write(chunk_key(key, number), chunk)
        self._dirty.clear()
        self._decoded.trim()
        return changed

    def keys_of(self, account: str) -> Iterator[bytes]:
        """The keys of an account's contacts now; some may come twice, and those of later contacts, too."""
        prefix = account.encode() + b"/"
        return chain(self._rows.keys_of(account), [key for key in self._dirty if key.startswith(prefix)])

    def has_contacts(self, account: str) -> bool:
        """Returns whether the account has a contact as last flushed."""
        return self._rows.has_contacts(account)

    def first_due(self, account: str = "", before: int | None = None) -> DueContact | None:
        """The earliest due instant and the key of that contact, of one account or of all; None when none is due.

        When none is due before the instant `before` (ms), it may be any contact, or none.
        """
        return self._rows.first_due(account, before)

    def contacts(self) -> Iterator[Contact]:
        """A copy of every contact as last flushed, in no particular order; none of them stays decoded."""
        return (self._decode(key, row) for key, row in self._rows.rows())

    def _decode(self, key: bytes, row: bytes) -> Contact:
        contact = decode_contact(row)
        contact.row_size = len(row)
        if has_chunks(contact.applied):
            applied_ids(contact).load_chunks(lambda number: self._rows.get(chunk_key(key, number)))
        return contact
