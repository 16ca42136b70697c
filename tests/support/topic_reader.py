"""Reads whole topics, committed records only, as an oracle or a test needs them."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

LIMIT_SECONDS = 120.0

Records = dict[int, list[Any]]
"""Partition -> its records, in order."""


async def read_topic(bootstrap: str, topic: str, isolation_level: str = "read_committed") -> Records:
    """Every record of the topic up to its end now. Raises TimeoutError after two minutes."""
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level=isolation_level,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 << 20,
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        return await asyncio.wait_for(_read(consumer, topic), LIMIT_SECONDS)
    finally:
        await consumer.stop()


async def _read(consumer: Any, topic: str) -> Records:
    await consumer._client._wait_on_metadata(topic)
    tps = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(tps)
    await consumer.seek_to_beginning(*tps)
    ends = await consumer.end_offsets(tps)
    records: Records = {tp.partition: [] for tp in tps}
    for tp in tps:
        while await consumer.position(tp) < ends[tp]:
            for source, batch in (await consumer.getmany(timeout_ms=200)).items():
                records[source.partition].extend(record for record in batch if record.offset < ends[source])
    return records


async def end_offsets(bootstrap: str, topic: str) -> dict[int, int]:
    """The log ends of a topic's partitions, by partition."""
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer._client._wait_on_metadata(topic)
        tps = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        return {tp.partition: end for tp, end in (await consumer.end_offsets(tps)).items()}
    finally:
        await consumer.stop()
