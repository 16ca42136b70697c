"""Builds the event that goes back to its in-topic from a dead letter and an edit, or says why none can."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from schemas.definitions import Definitions
from schemas.events.base import DEFAULT_ACCOUNT
from schemas.topics import DEAD_LETTERS, LEDGER_IN, PIPELINE_IN
from streams.engine.journal.effects import Refusal, SourceRecord
from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.validate import EventValidator
from streams.kafka.batches import RECORD_BYTES, Headers, record_size
from streams.kafka.partitions import partition_for_key
from streams.store.dead_letters.edit import LetterEdit
from streams.store.dead_letters.letter import Letter, event_owner
from streams.store.dead_letters.release_check import refusal_by_release

RETRY_HEADER = "retry-of"
"""The header of an event that was sent again: which dead letter it was."""

IN_TOPICS = frozenset(topic.name for topic in (*PIPELINE_IN, *LEDGER_IN))

_PATCH = "contact.changed"
_PROPERTY_CODES = frozenset({"wrong_property_type", "derived_property"})
_PROPERTY_SENTENCES = (" is derived and ", " is of the type ", " holds a number ")
"""How the message of such a code goes on after the property's name (engine/state/properties.py)."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class RetryRecord:
    """What is sent: a record for an in-topic without prefix. `partition` is None where Kafka may choose."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes
    headers: Headers
    id: str


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a letter is not sent again: `never` possible, or only after an `edit`, as it would be refused again."""

    kind: Literal["never", "edit"]
    reason: str


@dataclass(frozen=True, slots=True)
class RetryBuilder:
    """Builds retries for a deployment; `partition_counts` are those of its in-topics, without prefix.

    `definitions_of` gives the definitions in force of an account, None for one without any.
    """

    partition_counts: Mapping[str, int]
    validator: EventValidator = field(default_factory=EventValidator)
    definitions_of: Callable[[str], Definitions | None] = lambda _: None

    def build(self, letter: Letter, edit: LetterEdit, now: int) -> RetryRecord | Hindrance:
        """The record to send at `now` (ms), or what stands in the way.

        The same letter and edit give the same record: an id made of both, which no event had before.
        """
        reason = _hopeless_reason(letter)
        if reason is not None:
            return Hindrance("never", reason)
        draft = draft_event(letter)
        event = edit.apply(draft)
        if event is None:
            return Hindrance("edit", _missing_text(letter))
        event["id"] = id_ = _retry_id(letter, event)
        assert letter.source is not None, "a letter without a source is hopeless"
        topic, partition, _ = letter.source
        key = _key(letter, event)
        event_type = EVENT_TYPES.get(event["type"]) if isinstance(event.get("type"), str) else None
        if event_type is not None and event_type.topic != topic:
            topic, partition = event_type.topic, -1  # what came in by a wrong topic goes to that of its type
        value = _encode(event)
        refusal = self._refusal(letter, event, SourceRecord(topic, 0, 0, now, key, value, (), now))
        if refusal is not None:
            return Hindrance("edit", f"{refusal.code}: {refusal.message}")
        headers = (
            *(header for header in letter.headers if header[0] != RETRY_HEADER),
            (RETRY_HEADER, f"{DEAD_LETTERS.name}:{letter.coordinates}".encode()),
        )
        if record_size(key, value, headers) > RECORD_BYTES:
            return Hindrance("edit", f"too_large: larger than the {RECORD_BYTES} bytes that a record may have")
        is_same_place = key == letter.key and 0 <= partition < self.partition_counts[topic]
        by_key = None if key is None else partition_for_key(key, self.partition_counts[topic])
        return RetryRecord(topic, partition if is_same_place else by_key, key, value, headers, id_)

    def _refusal(self, letter: Letter, event: Mapping[str, Any], record: SourceRecord) -> Refusal | None:
        """Why ingest would refuse the record, or the release in force what it refused before."""
        result = self.validator.validate(record)
        if isinstance(result, Refusal):
            return result
        if not letter.is_of_decision:
            return None
        return refusal_by_release(event, self.definitions_of(str(event.get("account") or DEFAULT_ACCOUNT)))


def draft_event(letter: Letter) -> Mapping[str, Any] | None:
    """What there is to send again: the event, and of a patch only the refused part; None where it is no object."""
    event = letter.event
    if event is None or not letter.is_of_decision or event.get("type") != _PATCH:
        return event
    properties = event.get("properties", {})
    if letter.code in _PROPERTY_CODES:
        name = _refused_property(letter)
        properties = {} if name is None else {name: properties[name]}
    return {name: value for name, value in event.items() if name != "status"} | {"properties": properties}


def _hopeless_reason(letter: Letter) -> str | None:
    if letter.source is None:
        return "it does not say where it came from: no Leadstream wrote it"
    topic = letter.source[0]
    if topic not in IN_TOPICS:
        return f"it came from {topic}, which is no in-topic"
    if letter.is_of_decision and (letter.event is None or "type" not in letter.event):
        return "its event cannot be read back from the journal"
    if letter.code in _PROPERTY_CODES and _refused_property(letter) is None:
        return "it does not say which property was refused"
    return None


def _missing_text(letter: Letter) -> str:
    if letter.value:
        return f"{letter.code}: it is no JSON object"
    assert letter.source is not None, "a letter without a source is hopeless"
    topic, partition, offset = letter.source
    if letter.code == "no_value":
        return "no_value: there is no event in it"
    return f"it was too large to be kept here; the original is {topic}:{partition} offset {offset}, as long as kept"


def _refused_property(letter: Letter) -> str | None:
    """The property of the patch that the message speaks of; of two names that fit, the longer one."""
    properties = (letter.event or {}).get("properties", {})
    starts = {name: tuple(name + each for each in _PROPERTY_SENTENCES) for name in properties}
    names = (name for name, texts in starts.items() if letter.message.startswith(texts))
    return max(names, key=len, default=None)


def _retry_id(letter: Letter, event: Mapping[str, Any]) -> str:
    content = {**event, "id": letter.timestamp}
    digest = hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:12]
    return f"retry-{letter.coordinates.partition}-{letter.coordinates.offset}-{digest}"


def _key(letter: Letter, event: Mapping[str, Any]) -> bytes | None:
    """The key as received, but where the edit made it somebody else's event."""
    owner = event_owner(event)
    if owner is None or (letter.key is not None and owner == event_owner(letter.event or {})):
        return letter.key
    return owner.encode()
