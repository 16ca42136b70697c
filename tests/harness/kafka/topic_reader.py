"""Reads whole topics, committed records only, as an oracle or a test needs them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

LIMIT_SECONDS = 120.0

TopicRecords = dict[int, list[Any]]
"""Partition -> its records, in order."""


def any_record(_record: Any) -> bool:
    """Every record is kept."""
    return True


async def read_topic(
    bootstrap: str,
    topic: str,
    isolation_level: str = "read_committed",
    include: Callable[[Any], bool] = any_record,
) -> TopicRecords:
    """Every record of the topic up to its end now, if `include` says so. Raises TimeoutError after two minutes."""
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
        return await asyncio.wait_for(_read(consumer, topic, include), LIMIT_SECONDS)
    finally:
        await consumer.stop()


async def _read(consumer: Any, topic: str, include: Callable[[Any], bool]) -> TopicRecords:
    await consumer._client._wait_on_metadata(topic)
    tps = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(tps)
    await consumer.seek_to_beginning(*tps)
    ends = await consumer.end_offsets(tps)
    records: TopicRecords = {tp.partition: [] for tp in tps}
    for tp in tps:
        while await consumer.position(tp) < ends[tp]:
            for source, batch in (await consumer.getmany(timeout_ms=200)).items():
                wanted = (record for record in batch if record.offset < ends[source] and include(record))
                records[source.partition].extend(wanted)
    return records


async def end_offsets(bootstrap: str, topic: str, isolation_level: str = "read_uncommitted") -> dict[int, int]:
    """The log ends of a topic's partitions, by partition; for "read_committed" their stable ends."""
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level=isolation_level, enable_auto_commit=False
    )
    await consumer.start()
    try:
        await consumer._client._wait_on_metadata(topic)
        tps = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        return {tp.partition: end for tp, end in (await consumer.end_offsets(tps)).items()}
    finally:
        await consumer.stop()
