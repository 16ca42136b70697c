"""How far the read models in each Redis are behind the topics, as its consumer group shows it in Kafka."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from streams.kafka.reader import Offsets, fetch_end_offsets
from streams.kafka.view_groups import ViewGroup
from streams.settings import Settings
from streams.store.handovers.progress import HandOverProgress, read_progress

READ_MODEL_TOPICS: Sequence[Topic] = (
    *(CONTACTS, SEGMENT_MEMBERS, LEADS, CAMPAIGN_REVENUE),
    *(SEGMENT_CHANGES, LEAD_CHANGES, CRM_RESULTS),
)
"""What the read models are made of (streams/views/topics.py, which is above this package)."""


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """A group of read models and its `lag` by topic without prefix: offsets that are not in its Redis; ends of
    transactions count, too.

    The lag is empty where no worker ever told how far it is, which they do every five seconds.
    """

    group: ViewGroup
    lag: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON values."""
        return {
            "group": self.group.id,
            "workers": len(self.group.workers),
            "lag": [{"topic": topic, "records": records} for topic, records in sorted(self.lag.items())],
        }

    def texts(self) -> Iterator[str]:
        """Who writes and what waits, for people; nothing where no worker writes, nor ever did."""
        name, workers = self.group.name, self.group.workers
        label = f"{name}: " if name else ""
        for each in workers:
            count = "1 partition" if each.assigned_count == 1 else f"{each.assigned_count} partitions"
            yield f"{label}{each.name} on {each.host}: {count} of the out-topics"
        if self.lag and not workers:
            setting = f" with LEADSTREAM_VIEWS_GROUP={name}" if name else ""
            yield f"{label}no views runs; `leadstream worker --role views`{setting} starts one"
        if self.lag or workers:
            yield f"{label}{self._waiting_text()}"

    def _waiting_text(self) -> str:
        if not self.lag:
            return "how far the read models are is not told yet"
        waiting = [f"about {records} of {topic}" for topic, records in sorted(self.lag.items()) if records]
        return f"not in the read models yet: {', '.join(waiting) or 'nothing'}"


@dataclass(frozen=True, slots=True)
class ReadModelStatus:
    """The read models of this process's settings, and the `others` of the deployment."""

    own: GroupStatus
    others: Sequence[GroupStatus] = ()

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON values."""
        return {**self.own.to_dict(), "others": [each.to_dict() for each in self.others]}

    def texts(self) -> Iterator[str]:
        """The status of each group, for people."""
        for each in (self.own, *self.others):
            yield from each.texts()


async def read_models(
    settings: Settings, consumer: Consumer, groups: Sequence[ViewGroup], partitions: Sequence[TopicPartition]
) -> ReadModelStatus:
    """The status of the groups now, of which the first is the own one; `partitions` are those of READ_MODEL_TOPICS.

    Raises BrokerUnavailable.
    """
    async with admin_client(settings.bootstrap) as admin:
        progress = [await read_progress(admin, group.id, partitions) for group in groups]
    told = {partition for each in progress for partition in each}
    ends = await fetch_end_offsets(consumer, list(told)) if told else {}
    own, *others = (
        GroupStatus(group, _lag(settings, each, ends)) for group, each in zip(groups, progress, strict=True)
    )
    return ReadModelStatus(own, others)


def _lag(settings: Settings, progress: Mapping[TopicPartition, HandOverProgress], ends: Offsets) -> dict[str, int]:
    lag: dict[str, int] = {}
    for partition, each in progress.items():
        topic = partition.topic.removeprefix(settings.prefix)
        lag[topic] = lag.get(topic, 0) + max(ends[partition] - each.offset, 0)
    return lag
