"""Turns a record of an in-topic into a journal record or a refusal with its reason (SPEC sections 2 and 3).

The result depends on the record and the settings alone. Every journal record is well formed, so no decision checks
again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import msgspec
from pydantic import TypeAdapter, ValidationError

from schemas.events.base import DEFAULT_ACCOUNT, EARLIEST, LATEST, AccountId, EventId, EventInstant
from schemas.values import ContactId, instant_ms, instant_text, normalize_contact_id
from streams.engine.journal import records
from streams.engine.journal.effects import Append, Refusal, SourceRecord
from streams.engine.journal.event_types import EVENT_TYPES, EventType
from streams.engine.journal.event_warnings import VISIT_TYPE, event_warnings
from streams.engine.journal.spelling import misspellings, unknown_type_hint
from streams.engine.journal.typed_events import EVENT_TYPES_BY_STRUCT, decode_event
from streams.engine.version import EVENT_TYPES_NOT_SERVED

MAX_JOURNAL_BYTES = 900_000
"""The most bytes of a journal value: Kafka's default limit of a record (1 MB) less room for key and headers."""

MAX_DEPTH = 64
"""The most levels of nested objects and lists: far below the limits of JSON readers."""

_SLUG = re.compile(r"[A-Za-z0-9_-]{1,100}")

FieldCheck = Callable[[Any], Any]
IngestResult = Append | Refusal

_decode = msgspec.json.Decoder().decode
_check_id: FieldCheck = TypeAdapter(EventId).validate_python
_check_owner: FieldCheck = TypeAdapter(ContactId).validate_python
_check_at: FieldCheck = TypeAdapter(EventInstant).validate_python
_check_account: FieldCheck = TypeAdapter(AccountId).validate_python


@dataclass(frozen=True, slots=True)
class EventValidator:
    """Validates records (an `Ingest`); on the wall clock also how far `at` is ahead of arrival (`future_ms`).

    With `normalize_ids` the journal has contact ids trimmed and in lower case, whoever wrote them. `on_warning` is
    told what is probably wrong with events that are accepted; it changes no result.
    """

    clock: Literal["wall", "events"] = "wall"
    future_ms: int = 300_000
    max_bytes: int = MAX_JOURNAL_BYTES
    normalize_ids: bool = False
    on_warning: Callable[[str], None] | None = None

    def __call__(self, record: SourceRecord) -> Sequence[IngestResult]:
        """One `Append` or one `Refusal`. Never raises, whatever the record holds."""
        return (self.validate(record),)

    def validate(self, record: SourceRecord) -> IngestResult:
        """The record to append to the journal, or why there is none."""
        return self._validate_typed(record) or self.validate_by_model(record)

    def _validate_typed(self, record: SourceRecord) -> IngestResult | None:
        """The same result as by the model, in a fraction of its time; None where only the model can tell."""
        value = record.value
        if value is None or _is_too_deep(value):
            return None
        wholes: list[dict[str, Any]] = []
        event = decode_event(value, None if self.on_warning is None else wholes.append)
        if event is None or event.visitor:
            return None
        event_type = EVENT_TYPES_BY_STRUCT[type(event)]
        if event_type.topic != record.topic or (event.account is not None and not _is_slug(event.account)):
            return None
        owner = event.contact or _decode_key(record.key)
        if owner is not None and self.normalize_ids:  # the types with a struct are all those of contacts
            owner = normalize_contact_id(owner)
        if not owner or not _is_plain_id(owner):
            return None
        try:
            at = instant_ms(event.at)
        except ValueError:
            return None
        if not EARLIEST <= at < LATEST:
            return None
        result = self._to_result(record, event_type, event, owner, at)
        if self.on_warning is not None:
            if wholes:
                self._warn(result, event_type, {"contact": owner, **wholes[0]})
            elif event_type.name == VISIT_TYPE and getattr(event, "url", None) is None:
                self._warn(result, event_type, {})
        return result

    def validate_by_model(self, record: SourceRecord) -> IngestResult:
        """The result by the pydantic model of the event's type, which judges whatever is refused."""
        raw = _parse_object(record.value)
        if isinstance(raw, Refusal):
            return raw
        event_type = _event_type_of(raw)
        owner = event_type.owner if event_type else "contact"
        if self.normalize_ids:
            _normalize_contact(raw)
        _fill_owner(raw, owner, record.key)
        if self.normalize_ids:  # the key may have been the contact
            _normalize_contact(raw)
        if event_type is None or event_type.topic != record.topic or _is_unserved(raw):
            return _envelope_refusal(raw, owner, event_type) or _type_refusal(raw, event_type)
        try:
            event: Any = event_type.validate(raw)
        except ValidationError as error:
            return _envelope_refusal(raw, owner, event_type) or _field_refusal(error, raw, event_type)
        owner_id = getattr(event, owner)
        if owner_id is None:
            return _missing_owner_refusal(raw, owner, event_type)
        result = self._to_result(record, event_type, event, owner_id, event.at)
        self._warn(result, event_type, raw)
        return result

    def _warn(self, result: IngestResult, event_type: EventType, fields: Mapping[str, Any]) -> None:
        """Tells what is probably wrong with an event that is accepted and has these fields."""
        if self.on_warning is not None and isinstance(result, Append):
            for warning in event_warnings(event_type.name, fields):
                self.on_warning(warning)

    def _limit_instant(self, at: int, arrival: int) -> int | Refusal:
        """Cuts `at` back to the arrival on the wall clock; more than `future_ms` ahead is refused."""
        if self.clock == "events" or at <= arrival:
            return at
        if at > arrival + self.future_ms:
            return Refusal(
                "in_the_future",
                f"at {instant_text(at)} is more than {self.future_ms} ms after the record's arrival, "
                f"{instant_text(arrival)}",
            )
        return arrival

    def _to_result(
        self, record: SourceRecord, event_type: EventType, event: Any, owner: str, at: int
    ) -> IngestResult:
        account: str = event.account or DEFAULT_ACCOUNT
        limited_at = self._limit_instant(at, record.arrival)
        if isinstance(limited_at, Refusal):
            return limited_at
        journal_event = records.JournalEvent(
            event_type.name,
            event.id,
            limited_at,
            account,
            owner,
            (record.topic, record.partition, record.offset),
            record.arrival,
            event_type.fields(event),
        )
        value = records.encode(journal_event)
        if len(value) > self.max_bytes:
            return Refusal("too_large", f"{len(value)} bytes in the journal; at most {self.max_bytes} fit")
        return Append(records.event_key(account, owner), value)


def _parse_object(value: bytes | None) -> dict[str, Any] | Refusal:
    if value is None:
        return Refusal("no_value", "the record has no value")
    if _is_too_deep(value):
        return Refusal("too_deep", f"objects and lists are nested more than {MAX_DEPTH} deep")
    try:
        raw = _decode(value)
    # For bytes that are not UTF-8 and numbers of thousands of digits msgspec raises a plain ValueError.
    except (msgspec.DecodeError, ValueError) as error:
        return Refusal("invalid_json", f"not JSON: {error}")
    if not isinstance(raw, dict):
        return Refusal("not_an_object", f"a JSON object is needed, not {_describe_value(raw)}")
    return raw


def _is_too_deep(value: bytes) -> bool:
    return value.count(b"{") + value.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH


def _depth(value: bytes) -> int:
    """How deep the brackets outside of strings are nested."""
    depth = deepest = 0
    in_text = escaped = False
    for byte in value:
        if in_text:
            in_text = escaped or byte != 0x22  # "
            escaped = byte == 0x5C and not escaped  # \
        elif byte == 0x22:
            in_text = True
        elif byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"}]":
            depth -= 1
    return deepest


def _event_type_of(raw: Mapping[str, Any]) -> EventType | None:
    name = raw.get("type")
    return EVENT_TYPES.get(name) if isinstance(name, str) else None


def _normalize_contact(raw: dict[str, Any]) -> None:
    """Normalizes the contact, of an event or of an opportunity; one of blanks alone is none."""
    if isinstance(raw.get("contact"), str):
        raw["contact"] = normalize_contact_id(raw["contact"]) or None


def _fill_owner(raw: dict[str, Any], owner: str, key: bytes | None) -> None:
    """Fills the owner from the record's key where the field is missing."""
    if raw.get(owner) in (None, "") and key:
        raw[owner] = _decode_key(key)


def _decode_key(key: bytes | None) -> str | None:
    """The text of a record's key; None for a key that is not text, which has no owner, as for none."""
    try:
        return key.decode() if key else None
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=4_096)
def _is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None


def _is_plain_id(text: str) -> bool:
    """Whether the text is surely the id of a contact: no control character is printable."""
    return len(text) <= 255 and text.isprintable()


def _is_unserved(raw: Mapping[str, Any]) -> bool:
    return raw["type"] in EVENT_TYPES_NOT_SERVED or raw.get("visitor") is True


def _missing_owner_refusal(raw: Mapping[str, Any], owner: str, event_type: EventType | None) -> Refusal:
    hint = _slip_hint(raw, owner, event_type)
    return Refusal(f"no_{owner}", f"neither the field {owner} nor the record's key says whose event it is{hint}")


def _slip_hint(raw: Mapping[str, Any], missing: str, event_type: EventType | None) -> str:
    """Names the field of the event that may be a slip of the one that is missing."""
    slips = misspellings(event_type.name, raw) if event_type is not None else ()
    name = next((slip.name for slip in slips if slip.correction == missing), None)
    return "" if name is None else f" - did you mean {missing} by {_describe_value(name)}?"


def _envelope_refusal(raw: Mapping[str, Any], owner: str, event_type: EventType | None) -> Refusal | None:
    """The refusal of the first invalid field that every event has; None where all are valid."""
    if raw.get("id") in (None, ""):
        return Refusal("no_id", f"the event has no id{_slip_hint(raw, 'id', event_type)}")
    if raw.get(owner) in (None, ""):
        return _missing_owner_refusal(raw, owner, event_type)
    if raw.get("at") in (None, ""):
        return Refusal("no_at", f"the event has no at{_slip_hint(raw, 'at', event_type)}")
    return (
        _check_field(_check_id, raw["id"], "id")
        or _check_field(_check_owner, raw[owner], owner)
        or _check_field(_check_at, raw["at"], "at")
        or _check_field(_check_account, raw.get("account"), "account")
    )


def _check_field(check: FieldCheck, value: object, name: str) -> Refusal | None:
    try:
        check(value)
    except ValidationError as error:
        return Refusal(f"invalid_{name}", f"{name}: {_error_text(error)}")
    return None


def _type_refusal(raw: Mapping[str, Any], event_type: EventType | None) -> Refusal:
    name = raw.get("type")
    if name is None:
        return Refusal("unknown_type", "the event has no type")
    if event_type is None:
        hint = unknown_type_hint(name if isinstance(name, str) else "")
        return Refusal("unknown_type", f"no event type is called {_describe_value(name)}{hint}")
    if _is_unserved(raw):
        subject = name if name in EVENT_TYPES_NOT_SERVED else f"{name} of an anonymous visitor"
        return Refusal("not_served", f"{subject} is not served yet")
    return Refusal("wrong_topic", f"{name} belongs in the topic {event_type.topic}")


def _field_refusal(error: ValidationError, raw: Mapping[str, Any], event_type: EventType) -> Refusal:
    details = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in details["loc"])
    hint = _slip_hint(raw, where, event_type) if details["type"] == "missing" else ""
    return Refusal("invalid_field", f"{where}: {_error_text(error)}{hint}")


def _error_text(error: ValidationError) -> str:
    message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _describe_value(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
