"""Collects the bounds that contacts reached, from their changelog rows: the recomputation has no bounds."""

from __future__ import annotations

from streams.engine.state.applied_ids import is_chunk_key
from streams.engine.state.contact import decode_contact
from streams.runtime.checkpoint import CHECKPOINT_KEY


class ContactFlags:
    """The flags of contacts, from the rows in the changelog's order; a null value deletes a row."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}

    def feed(self, key: bytes, value: bytes | None) -> None:
        """Takes the next record."""
        if key == CHECKPOINT_KEY or is_chunk_key(key):
            return
        if value is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = value

    def flags_of(self, key: bytes) -> tuple[str, ...]:
        """Returns the contact's flags; none for a contact without a row."""
        row = self._rows.get(key)
        return tuple(decode_contact(row).flags) if row is not None else ()
