"""Follows topics as they are committed, and remembers what a scenario asks about."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.clients import fetch_partitions

POLL_MS = 100

RecordCallback = Callable[[str, Any], None]
"""Gets a topic (full name) and each of its committed records, in order per partition."""


@asynccontextmanager
async def follow_topics(bootstrap: str, topics: Sequence[str], on_record: RecordCallback) -> AsyncIterator[None]:
    """Calls `on_record` for everything in the topics, from their beginning, while the block runs."""
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
        fetch_max_wait_ms=20,
    )
    await consumer.start()
    try:
        places: dict[str, list[TopicPartition]] = await fetch_partitions(bootstrap, topics)
        consumer.assign([place for there in places.values() for place in there])
        await consumer.seek_to_beginning()
        reading = asyncio.create_task(_read(consumer, on_record))
        try:
            yield
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading  # what it raised itself is raised here
    finally:
        await consumer.stop()


async def _read(consumer: Any, on_record: RecordCallback) -> None:
    while True:
        for place, batch in (await consumer.getmany(timeout_ms=POLL_MS)).items():
            for record in batch:
                on_record(place.topic, record)
        await asyncio.sleep(0)
