"""Keeps the contacts used lately in decoded form, a bounded number of them."""

from __future__ import annotations

from itertools import islice

from streams.engine.state.contact import Contact

DECODED_CONTACTS = 10_000
"""How many contacts of a partition stay decoded between batches, where nothing else is set."""


class DecodedContacts:
    """A cache in two generations: a contact is forgotten when about `limit / 2` others were used after it.

    Finding one costs a look-up or two, where an exact order of use would cost a change at each. What one batch uses
    stays until `trim`, so within a batch a key has one contact.
    """

    def __init__(self, limit: int) -> None:
        self._generation_size = max(limit // 2, 0)
        self._recent: dict[bytes, Contact] = {}
        self._former: dict[bytes, Contact] = {}

    def __len__(self) -> int:
        return len(self._recent.keys() | self._former.keys())

    def get(self, key: bytes) -> Contact | None:
        """The contact of a key, which counts as used now; None when it is not kept."""
        contact = self._recent.get(key)
        if contact is None and (contact := self._former.get(key)) is not None:
            self._recent[key] = contact
        return contact

    def put(self, key: bytes, contact: Contact) -> None:
        """Keeps a contact, which counts as used now."""
        self._recent[key] = contact

    def trim(self) -> None:
        """Forgets contacts that were not used lately, so that at most `limit` stay."""
        surplus = len(self._recent) - self._generation_size
        if surplus >= 0:
            self._former, self._recent = dict(islice(self._recent.items(), surplus, None)), {}
