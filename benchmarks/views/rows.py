"""Rows and changes as a pipeline writes them: contacts that are all members of one segment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.topics import CONTACTS, SEGMENT_CHANGES, SEGMENT_MEMBERS
from schemas.values import instant_text
from streams.kafka.batches import BATCH_BYTES, BatchWriter
from streams.kafka.partitions import Partition, partition_for_key
from streams.settings import Settings

SEGMENT = "hot"
START = 1_772_355_600_000
_CHUNK = 20_000

KeyAndValue = tuple[str, bytes, bytes]
"""A topic's name without prefix, key and value."""


def entry_instant(number: int) -> int:
    """When a contact entered (ms): in another order than the numbers."""
    return START + 1_000 * (number * 7_919 % 1_000_003)


def rows_of(number: int) -> Iterator[KeyAndValue]:
    """The rows of a contact that is a member since its own second."""
    name = f"contact-{number:07d}"
    at = instant_text(entry_instant(number))
    body = {
        "id": f"{number:032x}",
        "account": "default",
        "contact": name,
        "at": at,
        "number": {"partition": 0, "offset": number, "ordinal": 0},
        "cause": {"kind": "event", "event": f"e-{number}", "release": 3},
        "emitted_at": at,
    }
    row = {
        **body,
        "type": "contact",
        "status": "active",
        "properties": {"email": f"{name}@example.com", "country": "DE", "employees": 120, "plan": "team"},
        "score": 12,
        "scores": {},
        "created": at,
        "last_seen": at,
    }
    yield CONTACTS.name, f"default/{name}".encode(), msgspec.json.encode(row)
    member = {**body, "type": "segment.member", "segment": SEGMENT, "since": at}
    yield SEGMENT_MEMBERS.name, f"default/{SEGMENT}/{name}".encode(), msgspec.json.encode(member)


def entry_of(number: int) -> Iterator[KeyAndValue]:
    """The rows of a new contact, and the change that says that it entered."""
    name = f"contact-{number:07d}"
    yield from rows_of(number)
    change = {
        "id": f"{number:032x}",
        "type": "segment.entered",
        "account": "default",
        "contact": name,
        "at": instant_text(entry_instant(number)),
        "number": {"partition": 0, "offset": number, "ordinal": 1},
        "cause": {"kind": "event", "event": f"e-{number}", "release": 3},
        "segment": SEGMENT,
    }
    yield SEGMENT_CHANGES.name, f"default/{name}".encode(), msgspec.json.encode(change)


async def write_rows(settings: Settings, count: int) -> None:
    """Writes the rows of the contacts 0 to `count` (not included), in no order."""
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap, linger_ms=0, max_batch_size=BATCH_BYTES, enable_idempotence=True
    )
    await producer.start()
    numbers = list(range(count))
    random.Random(1).shuffle(numbers)
    try:
        for begin in range(0, count, _CHUNK):
            writer = BatchWriter(producer)
            for number in numbers[begin : begin + _CHUNK]:
                slot = partition_for_key(b"default/contact-%07d" % number, settings.partitions)
                for topic, key, value in rows_of(number):
                    writer.add(Partition(settings.prefix + topic, slot), key, value)
            sends = [
                await producer.send_batch(batch, partition.topic, partition=partition.number)
                for partition, batch in writer.batches()
            ]
            await asyncio.gather(*sends)
    finally:
        await producer.stop()
