"""Partitions read from their beginning up to their end at the start, committed records only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.errors import Unavailable
from streams.kafka.clients import answering

POLL_MS = 1_000
PATIENCE = 30
"""Polls without a record before the end after which the broker is said not to answer."""

Ends = dict[TopicPartition, int]
Advance = Callable[[int, int], None]
"""Told how many records are read, and how many there are."""


@asynccontextmanager
async def reading(bootstrap: str, client: str, isolation: str = "read_committed") -> AsyncIterator[Any]:
    """A started consumer without a group, by default of committed records. Raises BrokerUnavailable."""
    with answering(bootstrap):
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            isolation_level=isolation,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            client_id=client,
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()


async def ends_of(consumer: Any, places: list[TopicPartition]) -> Ends:
    """Where each partition ends now, for those who see committed records only."""
    consumer.assign(places)
    ends: Ends = await consumer.end_offsets(places)
    return ends


async def records_of(consumer: Any, place: TopicPartition, ends: Ends, start: int = 0) -> AsyncIterator[Any]:
    """The committed records of a partition, from its beginning or from `start` up to its end. Raises Unavailable."""
    consumer.assign([place])
    if start:
        consumer.seek(place, start)
    else:
        await consumer.seek_to_beginning(place)
    silent = 0
    while await consumer.position(place) < ends[place]:
        fetched = (await consumer.getmany(place, timeout_ms=POLL_MS)).get(place, [])
        silent = 0 if fetched else silent + 1
        if silent > PATIENCE:
            raise Unavailable(
                f"{place.topic}-{place.partition} cannot be read to its end; is a transaction left open?"
            )
        for record in fetched:
            if record.offset < ends[place]:
                yield record
