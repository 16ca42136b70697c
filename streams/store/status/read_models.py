"""How far the read models in Redis are behind the topics, as their consumer group shows it in Kafka."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition

from schemas.topics import (
    CAMPAIGN_REVENUE,
    CONTACTS,
    CRM_RESULTS,
    LEAD_CHANGES,
    LEADS,
    SEGMENT_CHANGES,
    SEGMENT_MEMBERS,
    Topic,
)
from streams.kafka.clients import admin_client
from streams.kafka.protocols import Consumer
from streams.kafka.reader import fetch_end_offsets
from streams.kafka.worker_groups import group_id
from streams.settings import Settings
from streams.store.handovers.progress import read_progress

READ_MODEL_TOPICS: Sequence[Topic] = (
    *(CONTACTS, SEGMENT_MEMBERS, LEADS, CAMPAIGN_REVENUE),
    *(SEGMENT_CHANGES, LEAD_CHANGES, CRM_RESULTS),
)
"""What the read models are made of (streams/views/topics.py, which is above this package)."""


@dataclass(frozen=True, slots=True)
class ReadModelStatus:
    """`lag` is by topic without prefix: offsets that are not in the read models; ends of transactions count, too.

    It is empty where no worker of the role `views` ever ran. Workers tell how far they are every five seconds.
    """

    lag: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON values."""
        return {"lag": [{"topic": topic, "records": records} for topic, records in sorted(self.lag.items())]}

    def text(self) -> str:
        """What waits, for people."""
        waiting = [f"about {records} of {topic}" for topic, records in sorted(self.lag.items()) if records]
        return f"not in the read models yet: {', '.join(waiting) or 'nothing'}"


async def read_models(
    settings: Settings, consumer: Consumer, partitions: Sequence[TopicPartition]
) -> ReadModelStatus:
    """The status now; `partitions` are those of READ_MODEL_TOPICS. Raises BrokerUnavailable."""
    async with admin_client(settings.bootstrap) as admin:
        progress = await read_progress(admin, group_id(settings.prefix, "views"), partitions)
    ends = await fetch_end_offsets(consumer, list(progress)) if progress else {}
    lag: dict[str, int] = {}
    for partition, each in progress.items():
        topic = partition.topic.removeprefix(settings.prefix)
        lag[topic] = lag.get(topic, 0) + max(ends[partition] - each.offset, 0)
    return ReadModelStatus(lag)
