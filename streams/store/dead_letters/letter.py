"""One record of `dead-letters` as people and programs ask for it: what was refused, why, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.topics import DEAD_LETTERS
from schemas.values import instant_text
from streams.engine.journal.effects import SourcePosition
from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.refusal_codes import DECISION_CODES
from streams.errors import UsageError
from streams.kafka.batches import Headers
from streams.kafka.dead_letters import REASON_HEADERS, source_from_headers
from streams.kafka.protocols import ConsumedRecord

_decode = msgspec.json.Decoder().decode


class LetterCoordinates(NamedTuple):
    """Where a dead letter stands: partition and offset in `dead-letters`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> LetterCoordinates:
        """The coordinates written as `PARTITION:OFFSET`, with or without the topic before. Raises UsageError."""
        parts = text.removeprefix(f"{DEAD_LETTERS.name}:").split(":")
        if len(parts) != len(cls._fields) or not all(part.isascii() and part.isdigit() for part in parts):
            raise UsageError(
                f"{text!r} is no dead letter: PARTITION:OFFSET names one, as `leadstream dead-letters list` shows it"
            )
        return cls(*map(int, parts))


@dataclass(frozen=True)
class Letter:
    """A dead letter. `timestamp` (ms) is when it was written.

    `source` is where the refused record stands, None for a record that no Leadstream wrote; `headers` are those of
    the refused record as received. `value` is None where there was none, or where it was too large for a dead letter.
    """

    coordinates: LetterCoordinates
    timestamp: int
    code: str
    message: str
    source: SourcePosition | None
    headers: Headers
    key: bytes | None
    value: bytes | None

    @classmethod
    def from_record(cls, record: ConsumedRecord) -> Letter:
        """The letter that a record of `dead-letters` is."""
        source = source_from_headers(record.headers)
        # Leadstream's own headers stand last; the record as received may have had some of the same names.
        count = len(record.headers) if source is None else len(record.headers) - len(REASON_HEADERS)
        reasons = dict(record.headers[count:])
        return cls(
            LetterCoordinates(record.partition, record.offset),
            max(record.timestamp, 0),
            _text(reasons.get("error-code")) or "unknown",
            _text(reasons.get("error-message")) or "",
            source,
            tuple(record.headers[:count]),
            record.key,
            record.value,
        )

    @property
    def is_of_decision(self) -> bool:
        """Whether the event was accepted into the journal and refused when it was decided."""
        return self.code in DECISION_CODES

    @cached_property
    def event(self) -> Mapping[str, Any] | None:
        """The event as JSON values; None where the value is no JSON object."""
        try:
            value = _decode(self.value or b"")
        except (msgspec.DecodeError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def account(self) -> str | None:
        """The account that the event names, the default one where it names none; None where it cannot be read."""
        if self.event is None:
            return None
        account = self.event.get("account")
        return DEFAULT_ACCOUNT if account is None else str(account)

    @property
    def contact(self) -> str | None:
        """Whose event it is: the contact in it, or else the record's key; None where neither is text."""
        named = None if self.event is None else self.event.get("contact")
        if isinstance(named, str) and named:
            return named
        return _strict_text(self.key) if owner_field(self.event or {}) == "contact" else None

    def to_dict(self) -> dict[str, Any]:
        """The letter as JSON values; `event` where the value is an object, else `value` as text."""
        topic, partition, offset = self.source or (None, None, None)
        body = {"value": _text(self.value)} if self.event is None else {"event": self.event}
        return {
            "letter": str(self.coordinates),
            "at": instant_text(self.timestamp),
            "code": self.code,
            "message": self.message,
            "source": None if self.source is None else {"topic": topic, "partition": partition, "offset": offset},
            "account": self.account,
            "contact": self.contact,
            "key": _text(self.key),
            **body,
            "headers": {name: _text(value) for name, value in self.headers},
        }


def owner_field(event: Mapping[str, Any]) -> str:
    """The field that names whose an event of this type is: `contact`, or `opportunity`."""
    name = event.get("type")
    event_type = EVENT_TYPES.get(name) if isinstance(name, str) else None
    return event_type.owner if event_type is not None else "contact"


def event_owner(event: Mapping[str, Any]) -> str | None:
    """The contact or the opportunity that an event names; None where it names none."""
    owner = event.get(owner_field(event))
    return owner if isinstance(owner, str) and owner else None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


def _strict_text(value: bytes | None) -> str | None:
    try:
        return value.decode() if value else None
    except UnicodeDecodeError:
        return None
