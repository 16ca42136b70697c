"""Builds the rows of one partition of `segment-members`, `leads` or `contacts` from its records."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import msgspec

from streams.engine.decisions.outputs import CONTACT_TYPE, LEAD_TYPE, MEMBER_TYPE
from streams.verify.hand_over_log import HandOverLog

FOREIGN_RECORD = "a record that no Leadstream wrote"

NO_SUBJECT = ""
"""The subject of a row that is about the contact alone."""


class OutputTable:
    """The rows by key, fed in the partition's order.

    `subject` is the field that names the segment or campaign, `NO_SUBJECT` where a contact has one row, under
    ACCOUNT/CONTACT; `type_` is the type of a row.
    """

    def __init__(self, subject: str, type_: str) -> None:
        self._subject = subject
        self._type = type_
        self._rows: dict[bytes, dict[bytes, bytes]] = defaultdict(dict)
        self.foreign_keys: set[bytes] = set()
        """Keys that are not ACCOUNT/SUBJECT/CONTACT, or not ACCOUNT/CONTACT."""

    def feed(self, key: bytes | None, value: bytes | None) -> None:
        """Takes the next record; a null value deletes the row."""
        parts = self._split(key or b"")
        if parts is None:
            self.foreign_keys.discard(key or b"") if value is None else self.foreign_keys.add(key or b"")
            return
        contact, subject = parts
        rows = self._rows[contact]
        if value is None:
            rows.pop(subject, None)
        else:
            rows[subject] = value

    def contact_keys(self) -> list[bytes]:
        """Returns the keys (ACCOUNT/CONTACT) of the contacts that have rows, sorted."""
        return sorted(key for key, rows in self._rows.items() if rows)

    def rows(self, contact: bytes) -> dict[str, dict[str, Any] | None]:
        """Returns subject -> the row without `emitted_at`; None for a record that Leadstream cannot have written."""
        rows = self._rows.get(contact, {})
        return {key_text(subject): self._decode_row(contact, subject, value) for subject, value in rows.items()}

    def _split(self, key: bytes) -> tuple[bytes, bytes] | None:
        """The contact's key and the subject; None for a key that is none of this table."""
        if not self._subject:
            return (key, NO_SUBJECT.encode()) if b"/" in key else None
        parts = key.split(b"/", 2)
        return (parts[0] + b"/" + parts[2], parts[1]) if len(parts) == 3 else None

    def _decode_row(self, contact: bytes, subject: bytes, value: bytes) -> dict[str, Any] | None:
        try:
            row = msgspec.json.decode(value)
        except (msgspec.DecodeError, ValueError):
            return None
        account, _, name = contact.partition(b"/")
        key_fields = {"type": self._type, "account": key_text(account), "contact": key_text(name)}
        if self._subject:
            key_fields[self._subject] = key_text(subject)
        if not isinstance(row, dict) or any(row.get(key) != expected for key, expected in key_fields.items()):
            return None
        return {key: item for key, item in row.items() if key != "emitted_at"}


@dataclass(frozen=True)
class PartitionTables:
    """The tables of one partition, and its records of `qualified-leads`."""

    members: OutputTable = field(default_factory=lambda: OutputTable("segment", MEMBER_TYPE))
    leads: OutputTable = field(default_factory=lambda: OutputTable("campaign", LEAD_TYPE))
    contacts: OutputTable = field(default_factory=lambda: OutputTable(NO_SUBJECT, CONTACT_TYPE))
    hand_overs: HandOverLog = field(default_factory=HandOverLog)


def key_text(key: bytes) -> str:
    """Returns a key as text for people, whatever its bytes are."""
    return key.decode(errors="replace")
