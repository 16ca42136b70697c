"""Builds and reads dead letters: events that could not be processed, with what is needed to repair them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from aiokafka import TopicPartition

from schemas.topics import CRM_RESULTS, LEAD_COMMANDS, SCORING_EVENTS, SEGMENT_COMMANDS
from streams.engine.journal import records
from streams.engine.journal.effects import Refusal, SourcePosition, SourceRecord
from streams.engine.journal.source_form import to_source_form
from streams.kafka.batches import RECORD_BYTES, Headers, record_size
from streams.kafka.protocols import Consumer
from streams.kafka.reader import read_batches_to_end

REASON_HEADERS = ("source-topic", "source-partition", "source-offset", "error-code", "error-message")
"""The headers that every dead letter has, after those of the record as received."""

TOO_LARGE = Refusal("too_large", f"larger than the {RECORD_BYTES} bytes that a record may have")


class DeadLetter(NamedTuple):
    """A record of `dead-letters`."""

    key: bytes | None
    value: bytes | None
    headers: Headers


def dead_letter_from_record(record: SourceRecord, refusal: Refusal) -> DeadLetter:
    """The bytes as received, with the original headers; without the value when that is too large to be written."""
    reason = _reason_headers((record.topic, record.partition, record.offset), refusal)
    headers = (*record.headers, *reason)
    if record_size(record.key, record.value, headers) <= RECORD_BYTES:
        return DeadLetter(record.key, record.value, headers)
    if record_size(record.key, None, headers) <= RECORD_BYTES:
        return DeadLetter(record.key, None, headers)
    return DeadLetter(None, b"", reason)  # a record needs a key or a value


def dead_letter_from_decision(refusal: Refusal, source: SourcePosition, value: bytes | None) -> DeadLetter:
    """The dead letter of an event that was journaled and refused when it was decided.

    It has the event in the form of the in-topics, keyed by the contact: the bytes as received are not known any more.
    `value` is the journal record's.
    """
    event = _decode_event(value)
    if event is None:
        return DeadLetter(None, value if value is not None else b"", _reason_headers(source, refusal))
    return DeadLetter(event.owner.encode(), to_source_form(event), _reason_headers(source, refusal))


def source_from_headers(headers: Headers) -> SourcePosition | None:
    """The source of the event in a dead letter; None for a record that Leadstream did not write."""
    values = dict(headers)
    try:
        topic = values["source-topic"].decode()
        return topic, int(values["source-partition"]), int(values["source-offset"])
    except (KeyError, ValueError):
        return None


def _reason_headers(source: SourcePosition, refusal: Refusal) -> tuple[tuple[str, bytes], ...]:
    topic, partition, offset = source
    code, message = refusal.code.encode(), refusal.message.encode()[:2_000]
    values = (topic.encode(), b"%d" % partition, b"%d" % offset, code, message)
    return tuple(zip(REASON_HEADERS, values, strict=True))


def _decode_event(value: bytes | None) -> records.JournalEvent | None:
    """The event of a journal record; None for any other record."""
    if value is None:
        return None
    try:
        record = records.decode(value)
    except msgspec.DecodeError:
        return None
    return record if isinstance(record, records.JournalEvent) else None


FETCH_RECORDS = 500
"""Dead letters in one batch. A slot's traffic waits no longer than one batch takes."""


DECISION_REFUSAL_TOPICS = frozenset(
    topic.name for topic in (SCORING_EVENTS, LEAD_COMMANDS, SEGMENT_COMMANDS, CRM_RESULTS)
)
"""Topics whose events may be refused only when they are decided. A patch that is refused still uses up its id."""


async def read_refused_sources(
    consumer: Consumer, partition: TopicPartition, until: int | None = None
) -> set[SourcePosition]:
    """The sources of all dead letters of a partition, up to the offset `until` or to its present end.

    Assigns `consumer`. Raises BrokerUnavailable.
    """
    refused: set[SourcePosition] = set()
    ends = None if until is None else {partition: until}
    async for batch in read_batches_to_end(consumer, [partition], ends=ends, max_records=FETCH_RECORDS):
        sources = (source_from_headers(letter.headers) for letter in batch)
        refused.update(source for source in sources if source is not None and source[0] in DECISION_REFUSAL_TOPICS)
    return refused
