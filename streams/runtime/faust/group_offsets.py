"""Commits group offsets, for Kafka's lag tools only: no worker reads them, so a failed commit does no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from streams.kafka.partitions import Partition
from streams.runtime.faust.protocols import FetchThread

log = structlog.get_logger()

COMMIT_SECONDS = 5.0


async def commit_group_offsets(thread: FetchThread, offsets: Mapping[Partition, int]) -> bool:
    """Commits the offsets of partitions that are assigned, in the consumer's thread; returns whether it did."""

    async def commit() -> None:
        consumer = thread._ensure_consumer()
        assigned = consumer.assignment()
        assigned_offsets = {
            TopicPartition(*partition): OffsetAndMetadata(offset, "")
            for partition, offset in offsets.items()
            if TopicPartition(*partition) in assigned and offset
        }
        if assigned_offsets:
            # Ended here, in the thread: two commits that aiokafka goes on with would leave nobody there to fetch.
            async with asyncio.timeout(COMMIT_SECONDS):
                await consumer.commit(assigned_offsets)

    try:
        await thread.call_thread(commit)
    except (KafkaError, TimeoutError) as error:
        log.debug("group offsets not committed", error=type(error).__name__)
        return False
    return True
