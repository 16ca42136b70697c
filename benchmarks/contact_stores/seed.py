"""Fills a deployment's changelog with contacts: the rows of some contacts, again under the names of many others.

For a million contacts that takes a minute; to decide their first events takes many.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from benchmarks.side_by_side.topics import CHUNK, PARTITIONS
from schemas.topics import CONTACTS_CHANGELOG
from streams.engine.state.applied_ids import is_chunk_key
from streams.kafka.batches import BATCH_BYTES, BatchWriter
from streams.kafka.partitions import Partition, partition_for_key
from streams.kafka.reader import open_consumer, read_to_end, require_key
from streams.runtime.checkpoint import CHECKPOINT_KEY
from streams.settings import Settings

Templates = Mapping[int, Sequence[tuple[bytes, bytes]]]
"""Partition -> names of contacts and their rows."""

_ACCOUNT = b"default/"


async def seed_changelog(settings: Settings, first: int, end: int) -> None:
    """Writes rows of the contacts `first` to `end` (not included), made of those there. No worker runs."""
    changelog = settings.prefix + CONTACTS_CHANGELOG.name
    templates = await _read_templates(settings, changelog)
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap, linger_ms=0, max_batch_size=BATCH_BYTES, enable_idempotence=True
    )
    await producer.start()
    try:
        numbers = list(range(first, end))
        random.Random(1).shuffle(numbers)  # in a changelog keys come in no order
        for begin in range(0, len(numbers), CHUNK):
            writer = BatchWriter(producer)
            for number in numbers[begin : begin + CHUNK]:
                name = b"contact-%07d" % number
                partition = partition_for_key(name, PARTITIONS)
                former, row = templates[partition][number % len(templates[partition])]
                writer.add(Partition(changelog, partition), _ACCOUNT + name, row.replace(former, name, 1))
            sends = [
                await producer.send_batch(batch, partition.topic, partition=partition.number)
                for partition, batch in writer.batches()
            ]
            await asyncio.gather(*sends)
    finally:
        await producer.stop()


async def _read_templates(settings: Settings, changelog: str) -> Templates:
    rows: dict[int, dict[bytes, bytes]] = defaultdict(dict)
    async with open_consumer(settings.bootstrap, "benchmark") as consumer:
        partitions = [TopicPartition(changelog, number) for number in range(PARTITIONS)]
        async for record in read_to_end(consumer, partitions):
            key = require_key(record)
            if key != CHECKPOINT_KEY and not is_chunk_key(key) and record.value is not None:
                rows[record.partition][key.removeprefix(_ACCOUNT)] = record.value
    return {partition: list(found.items()) for partition, found in rows.items()}
