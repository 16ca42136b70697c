"""Metadata that aiokafka's consumer has no public method for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import structlog
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError

from streams.kafka.clients import wait_for_brokers
from streams.runtime.faust.protocols import FetchThread

log = structlog.get_logger()

REFRESH_SECONDS = 5.0
PACE_SECONDS = 0.1
"""The least time from one update of a client's metadata to the next."""


async def fetch_partition_counts(consumer: Any, topics: Iterable[str]) -> dict[str, int]:
    """The partition count of each topic by fresh metadata, 0 for a topic that the broker does not show.

    `consumer` is a started AIOKafkaConsumer; `Any`, because its private client is used. Raises KafkaError.
    """
    asked = list(topics)
    cluster = ClusterMetadata()
    if not await consumer._client._metadata_update(cluster, asked):
        raise KafkaError("no broker answers with metadata")
    return {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in asked}


async def refresh_metadata(thread: FetchThread) -> None:
    """Lets Faust's consumer ask for metadata now. The leader of the group then notices new partitions, and has the
    members join again; by itself it would ask after minutes.
    """

    async def refresh() -> None:
        client: Any = thread._ensure_consumer()
        async with asyncio.timeout(REFRESH_SECONDS):  # ended in the thread, as in group_offsets.py
            await client._client.force_metadata_update()

    try:
        await thread.call_thread(refresh)
    except (KafkaError, TimeoutError) as error:
        log.debug("metadata not refreshed", error=type(error).__name__)


def mend_metadata(consumer: Any) -> None:
    """Prepares a consumer for partitions without a leader, and for a cluster that shows no broker yet.

    Private parts of aiokafka are replaced, so `consumer` is `Any`. The updates of its own metadata are kept apart:
    while a partition has no leader, the fetcher asks for the next one as soon as it has one, perhaps for hours.
    """
    client = consumer._client
    wait_for_brokers(client)
    update = client._metadata_update
    began_last = float("-inf")

    async def update_at_a_pace(cluster: ClusterMetadata, topics: Any) -> Any:
        nonlocal began_last
        if cluster is client.cluster:
            await asyncio.sleep(max(0.0, began_last + PACE_SECONDS - time.monotonic()))
            began_last = time.monotonic()
        return await update(cluster, topics)

    client._metadata_update = update_at_a_pace
