"""Output topics in memory, of one partition each, and a consumer of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from aiokafka import TopicPartition

from streams.kafka.protocols import TopicPartitionLike
from streams.views.topics import VIEW_TOPICS
from tests.harness.views.made_record import MadeRecord


def place(topic: str) -> TopicPartition:
    """The one partition of a topic."""
    return TopicPartition(topic, 0)


class MemoryTopics:
    """What was written; `begins` is where partitions begin whose first records are deleted."""

    def __init__(self) -> None:
        self.records: dict[TopicPartition, list[MadeRecord]] = {place(topic.name): [] for topic in VIEW_TOPICS}
        self.begins: dict[TopicPartition, int] = {}

    def write(self, topic: str, key: str, value: Mapping[str, Any] | None, timestamp: int) -> None:
        """Writes one more record; no value makes it a tombstone."""
        log = self.records[place(topic)]
        content = None if value is None else msgspec.json.encode(value)
        log.append(MadeRecord(key.encode(), content, len(log), timestamp, topic))

    def partitions(self) -> dict[str, list[TopicPartition]]:
        """Topic to its partitions."""
        return {each.topic: [each] for each in self.records}


class MemoryViewConsumer:
    """As far as the read models use aiokafka's consumer; `on_fetch` is called before records are given."""

    def __init__(self, topics: MemoryTopics, on_fetch: Callable[[], None] = lambda: None) -> None:
        self.topics = topics
        self.on_fetch = on_fetch
        self.positions: dict[TopicPartitionLike, int] = {}
        self.seeks: dict[str, int] = {}
        """Topic to where its partition was sought last."""
        self._assigned: set[TopicPartitionLike] = set()

    def assign(self, partitions: Iterable[TopicPartitionLike]) -> None:
        """Replaces the assignment; a new partition begins at its beginning."""
        self._assigned = set(partitions)
        self.positions = {each: self.positions.get(each, self._begin(each)) for each in self._assigned}

    def assignment(self) -> set[TopicPartitionLike]:
        """What is assigned."""
        return set(self._assigned)

    def seek(self, partition: TopicPartitionLike, offset: int) -> None:
        """Sets the next offset."""
        self.positions[partition] = self.seeks[partition.topic] = offset

    async def seek_to_beginning(self, *partitions: TopicPartitionLike) -> bool:
        """Sets the next offsets."""
        self.positions |= {each: self._begin(each) for each in partitions}
        return True

    async def position(self, partition: TopicPartitionLike) -> int:
        """The next offset."""
        return self.positions[partition]

    async def beginning_offsets(self, partitions: Iterable[TopicPartitionLike]) -> dict[TopicPartitionLike, int]:
        """Where partitions begin."""
        return {each: self._begin(each) for each in partitions}

    async def end_offsets(self, partitions: Iterable[TopicPartitionLike]) -> dict[TopicPartitionLike, int]:
        """Where partitions end."""
        return {each: len(self._log(each)) for each in partitions}

    async def getmany(
        self, *partitions: TopicPartitionLike, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartitionLike, list[MadeRecord]]:
        """All that is left."""
        del timeout_ms, max_records
        await asyncio.sleep(0)
        found = {each: self._log(each)[self.positions[each] :] for each in partitions or self._assigned}
        for each in found:
            self.positions[each] = len(self._log(each))
        self.on_fetch()
        return {partition: records for partition, records in found.items() if records}

    async def commit(self, offsets: object) -> None:
        """Keeps nothing: nobody reads on from there."""

    def _begin(self, partition: TopicPartitionLike) -> int:
        return self.topics.begins.get(place(partition.topic), 0)

    def _log(self, partition: TopicPartitionLike) -> list[MadeRecord]:
        return self.topics.records[place(partition.topic)]
