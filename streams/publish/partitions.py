"""How many partitions topics have, asked once at the start."""

from __future__ import annotations

from collections.abc import Iterable

from aiokafka import TopicPartition

from streams.errors import TopicsMissing
from streams.runtime.reach import admin_client, answering

_NO_ERROR = 0


async def partitions_of(bootstrap: str, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
    """Full topic name -> its partitions. Raises TopicsMissing naming the first one that is not there."""
    names = list(topics)
    async with admin_client(bootstrap) as admin:
        with answering(bootstrap):
            described = await admin.describe_topics(names)
    found = {each["topic"]: each for each in described if each["error_code"] == _NO_ERROR}
    for name in names:
        if name not in found:
            raise TopicsMissing(f"topic {name} does not exist; `leadstream topics create` makes the topics")
    return {name: sorted(_partitions(found[name])) for name in names}


def _partitions(described: dict[str, object]) -> Iterable[TopicPartition]:
    partitions = described["partitions"]
    assert isinstance(partitions, list)
    return (TopicPartition(described["topic"], each["partition"]) for each in partitions)
