"""Plans each topic of a deployment: full name, partitions, replicas, configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.topics import ALL_TOPICS, Partitioning, Topic
from streams.settings import Settings

# With three replicas one broker may be lost, so a write is acknowledged only when two replicas have it.
_REPLICAS_FOR_TWO_IN_SYNC = 3


@dataclass(frozen=True, slots=True)
class PlannedTopic:
    """A topic as `topics create` makes it; `name` includes the prefix."""

    topic: Topic
    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


def plan_topics(settings: Settings) -> list[PlannedTopic]:
    """Every topic of a deployment with these settings."""
    return [_plan_topic(topic, settings) for topic in ALL_TOPICS]


def _plan_topic(topic: Topic, settings: Settings) -> PlannedTopic:
    config = dict(topic.policy)
    if settings.replication >= _REPLICAS_FOR_TWO_IN_SYNC:
        config["min.insync.replicas"] = "2"
    return PlannedTopic(
        topic=topic,
        name=settings.prefix + topic.name,
        partitions=_partition_count(topic.partitioning, settings),
        replication=settings.replication,
        config=config,
    )


def _partition_count(partitioning: Partitioning, settings: Settings) -> int:
    counts: dict[Partitioning, int] = {"in": settings.in_partitions, "slots": settings.partitions, "one": 1}
    return counts[partitioning]
