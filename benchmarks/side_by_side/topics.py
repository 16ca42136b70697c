"""The topics of a run: creates them, fills the in-topics, reads the changes."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.side_by_side.events import JobEvent
from benchmarks.side_by_side.runs import Memberships
from streams.kafka.batches import BATCH_BYTES, BatchWriter
from streams.kafka.partitions import Partition, partition_for_key
from streams.kafka.reader import open_consumer, read_to_end, require_value

PARTITIONS = 4
TRANSACTION_MS = 900_000
"""The broker's longest timeout of a transaction."""
CHUNK = 2_000
"""So many events are acknowledged in all topics before the next ones are sent: events of a contact keep their order
between two topics, except neighbours."""

_decode = msgspec.json.Decoder().decode


async def create_plain_topics(bootstrap: str, names: Iterable[str]) -> None:
    """Creates topics with as many partitions as every run has."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
    finally:
        await admin.close()


async def delete_topics(bootstrap: str, names: Iterable[str]) -> None:
    """Deletes topics, so that a long run does not fill the disk."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics(list(names))
    finally:
        await admin.close()


async def topics_with_prefix(bootstrap: str, prefix: str) -> list[str]:
    """Returns the names of all topics that begin so."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return [name for name in await admin.list_topics() if name.startswith(prefix)]
    finally:
        await admin.close()


async def produce(
    bootstrap: str, events: Iterable[JobEvent], names: Mapping[str, str], partitions: int = PARTITIONS
) -> Counter[Partition]:
    """Writes events; `names` maps the topic of an event to where it goes, `partitions` is how many each has. Returns
    the records of each partition.
    """
    producer: Any = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0, max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        return await _send(producer, events, names, partitions)
    finally:
        await producer.stop()


async def produce_at_once(
    bootstrap: str,
    events: Iterable[JobEvent],
    names: Mapping[str, str],
    before_commit: Callable[[], None],
    partitions: int = PARTITIONS,
) -> Counter[Partition]:
    """The same in one transaction: a reader of committed records has nothing of it, and then everything at once."""
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        linger_ms=0,
        max_batch_size=BATCH_BYTES,
        transactional_id=f"benchmark-{uuid.uuid4().hex[:10]}",
        transaction_timeout_ms=TRANSACTION_MS,
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        counts = await _send(producer, events, names, partitions)
        before_commit()
        await producer.commit_transaction()
    finally:
        await producer.stop()
    return counts


async def _send(
    producer: Any, events: Iterable[JobEvent], names: Mapping[str, str], partitions: int
) -> Counter[Partition]:
    counts: Counter[Partition] = Counter()
    source = iter(events)
    while chunk := list(islice(source, CHUNK)):
        writer = BatchWriter(producer)
        for event in chunk:
            partition = Partition(names[event.topic], partition_for_key(event.key, partitions))
            writer.add(partition, event.key, event.value)
            counts[partition] += 1
        sends = [
            await producer.send_batch(batch, partition.topic, partition=partition.number)
            for partition, batch in writer.batches()
        ]
        await asyncio.gather(*sends)
    return counts


async def read_memberships(bootstrap: str, topic: str) -> tuple[Memberships, int]:
    """Returns the memberships after all committed changes of a topic, and how many changes there are."""
    members: set[tuple[str, str]] = set()
    count = 0
    async with open_consumer(bootstrap, "benchmark") as consumer:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        async for record in read_to_end(consumer, partitions):
            change = _decode(require_value(record))
            count += 1
            member = (change["segment"], change["contact"])
            if change["type"] == "segment.entered":
                members.add(member)
            else:
                members.discard(member)
    return frozenset(members), count
