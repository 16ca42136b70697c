"""Dead letters: what could not be processed, with all that is needed to repair it."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import msgspec
from aiokafka import TopicPartition

from schemas.topics import CRM_RESULTS, LEAD_COMMANDS, SCORING_EVENTS, SEGMENT_COMMANDS
from streams.engine.journal import records
from streams.engine.journal.effects import Refusal, Source, SourceRecord
from streams.engine.journal.source_form import received_form
from streams.kafka.batches import RECORD_BYTES, Headers, record_size

TOO_LARGE = Refusal("too_large", f"larger than the {RECORD_BYTES} bytes that a record may have")


class Letter(NamedTuple):
    """A record of `dead-letters`."""

    key: bytes | None
    value: bytes | None
    headers: Headers


def letter_of(record: SourceRecord, refusal: Refusal) -> Letter:
    """The bytes as received with the original headers; a value that is too large to be written is left out."""
    why = _why((record.topic, record.partition, record.offset), refusal)
    headers = (*record.headers, *why)
    if record_size(record.key, record.value, headers) <= RECORD_BYTES:
        return Letter(record.key, record.value, headers)
    if record_size(record.key, None, headers) <= RECORD_BYTES:
        return Letter(record.key, None, headers)
    return Letter(None, b"", why)  # a record needs a key or a value


def letter_of_decision(refusal: Refusal, source: Source, value: bytes | None) -> Letter:
    """What was accepted and refused only when decided: the event as in-topics carry it, under its contact.

    The bytes received are not known any more when an event is decided; `value` is its journal record's.
    """
    event = _event(value)
    if event is None:
        return Letter(None, value if value is not None else b"", _why(source, refusal))
    return Letter(event.contact.encode(), received_form(event), _why(source, refusal))


def source_of(headers: Headers) -> Source | None:
    """The source of what a letter refused; None for a record that was written by something else."""
    named = dict(headers)
    try:
        topic = named["source-topic"].decode()
        return topic, int(named["source-partition"]), int(named["source-offset"])
    except (KeyError, ValueError):
        return None


def _why(source: Source, refusal: Refusal) -> tuple[tuple[str, bytes], ...]:
    topic, partition, offset = source
    return (
        ("source-topic", topic.encode()),
        ("source-partition", b"%d" % partition),
        ("source-offset", b"%d" % offset),
        ("error-code", refusal.code.encode()),
        ("error-message", refusal.message.encode()[:2_000]),
    )


def _event(value: bytes | None) -> records.Event | None:
    """The journal's event; None for what is none."""
    if value is None:
        return None
    try:
        record = records.decode(value)
    except msgspec.DecodeError:
        return None
    return record if isinstance(record, records.Event) else None


FETCHED = 500
"""Letters at a time: live records wait no longer for it."""


REFUSED_WHEN_DECIDED = frozenset(
    topic.name for topic in (SCORING_EVENTS, LEAD_COMMANDS, SEGMENT_COMMANDS, CRM_RESULTS)
)
"""Topics whose events may be refused only when they are decided; of a refused patch the id is spent all the same."""


async def refused_sources(consumer: Any, place: TopicPartition) -> set[Source]:
    """The sources of everything refused up to now; `consumer` reads committed records and is assigned anew."""
    consumer.assign([place])
    end = (await consumer.end_offsets([place]))[place]
    await consumer.seek_to_beginning(place)
    found: set[Source] = set()
    while await consumer.position(place) < end:
        fetched = await consumer.getmany(place, timeout_ms=500, max_records=FETCHED)
        sources = (source_of(letter.headers) for letter in fetched.get(place, []))
        found.update(source for source in sources if source is not None and source[0] in REFUSED_WHEN_DECIDED)
        await asyncio.sleep(0)
    return found
