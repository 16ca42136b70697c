"""Bounds of the state that contacts reached, as their rows in the changelog say: batch itself has no bounds."""

from __future__ import annotations

import msgspec

from streams.engine.state.contact import Contact
from streams.runtime.checkpoint import CHECKPOINT_KEY

_decode = msgspec.json.Decoder(Contact).decode


class ContactFlags:
    """Fed with the rows in the changelog's order; a null takes the row out."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}

    def feed(self, key: bytes, value: bytes | None) -> None:
        """The next record."""
        if value is None:
            self._rows.pop(key, None)
        elif key != CHECKPOINT_KEY:
            self._rows[key] = value

    def flags_of(self, key: bytes) -> tuple[str, ...]:
        """The contact's flags; none of a contact that has no row."""
        row = self._rows.get(key)
        return tuple(_decode(row).flags) if row is not None else ()
