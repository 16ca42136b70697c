"""Partitions read from their beginning up to their end at the start, committed records only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.errors import Unavailable
from streams.kafka.clients import broker_errors

POLL_MS = 1_000
MAX_EMPTY_POLLS = 30
"""Polls without a record before the end after which the broker is said not to answer."""

EndOffsets = dict[TopicPartition, int]


@asynccontextmanager
async def open_consumer(bootstrap: str, client: str, isolation: str = "read_committed") -> AsyncIterator[Any]:
    """A started consumer without a group, by default of committed records. Raises BrokerUnavailable."""
    with broker_errors(bootstrap):
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


async def fetch_end_offsets(consumer: Any, partitions: list[TopicPartition]) -> EndOffsets:
    """Where each partition ends now, for those who see committed records only."""
    consumer.assign(partitions)
    ends: EndOffsets = await consumer.end_offsets(partitions)
    return ends


async def read_partition(
    consumer: Any, partition: TopicPartition, end_offsets: EndOffsets, start: int = 0
) -> AsyncIterator[Any]:
    """The committed records of a partition, from its beginning or from `start` up to its end. Raises Unavailable."""
    consumer.assign([partition])
    if start:
        consumer.seek(partition, start)
    else:
        await consumer.seek_to_beginning(partition)
    silent = 0
    while await consumer.position(partition) < end_offsets[partition]:
        fetched = (await consumer.getmany(partition, timeout_ms=POLL_MS)).get(partition, [])
        silent = 0 if fetched else silent + 1
        if silent > MAX_EMPTY_POLLS:
            raise Unavailable(
                f"{partition.topic}-{partition.partition} cannot be read to its end; is a transaction left open?"
            )
        for record in fetched:
            if record.offset < end_offsets[partition]:
                yield record
