"""Metadata that aiokafka's consumer has no public method for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


async def fetch_partition_counts(consumer: Any, topics: Iterable[str]) -> dict[str, int]:
    """The partition count of each topic by fresh metadata, 0 for a topic that the broker does not show.

    `consumer` is a started AIOKafkaConsumer; `Any`, because its private client is used.
    """
    cluster = await consumer._client.fetch_all_metadata()
    return {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in topics}
