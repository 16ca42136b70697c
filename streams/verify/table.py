"""Rows of `segment-members` and `leads` of one partition, as somebody who loads the table sees them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec

FOREIGN_RECORD = "a record that no Leadstream wrote"


class OutputTable:
    """Fed in the partition's order; `subject` is the field that names the segment or campaign, `type_` a row's."""

    def __init__(self, subject: str, type_: str) -> None:
        self._subject = subject
        self._type = type_
        self._rows: dict[bytes, dict[bytes, bytes]] = defaultdict(dict)
        self.foreign_keys: set[bytes] = set()
        """Keys that are no account/subject/contact."""

    def feed(self, key: bytes | None, value: bytes | None) -> None:
        """The next record; a null takes the row out."""
        parts = (key or b"").split(b"/", 2)
        if len(parts) != 3:
            self.foreign_keys.discard(key or b"") if value is None else self.foreign_keys.add(key or b"")
            return
        account, subject, contact = parts
        rows = self._rows[account + b"/" + contact]
        if value is None:
            rows.pop(subject, None)
        else:
            rows[subject] = value

    def contact_keys(self) -> list[bytes]:
        """Keys of the contacts that have rows."""
        return sorted(key for key, rows in self._rows.items() if rows)

    def rows(self, contact: bytes) -> dict[str, dict[str, Any] | None]:
        """Subject -> the row without `emitted_at`; None where it cannot be one of ours."""
        rows = self._rows.get(contact, {})
        return {key_text(subject): self._decode_row(contact, subject, value) for subject, value in rows.items()}

    def _decode_row(self, contact: bytes, subject: bytes, value: bytes) -> dict[str, Any] | None:
        try:
            row = msgspec.json.decode(value)
        except (msgspec.DecodeError, ValueError):
            return None
        account, _, name = contact.partition(b"/")
        named = {
            "type": self._type,
            "account": key_text(account),
            "contact": key_text(name),
            self._subject: key_text(subject),
        }
        if not isinstance(row, dict) or any(row.get(key) != expected for key, expected in named.items()):
            return None
        return {key: item for key, item in row.items() if key != "emitted_at"}


def key_text(key: bytes) -> str:
    """A key for people, whatever bytes it is."""
    return key.decode(errors="replace")
