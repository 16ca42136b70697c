"""Outputs of several partitions are read in the order of their writing, and the last of them without the others."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.errors import BrokerUnavailable
from streams.kafka.protocols import ConsumedRecord
from streams.store.outputs.feed import read_last, read_merged, writing_order
from tests.harness.runtime.fake_records import FakeRecord

CHANGES = [TopicPartition("segment-changes", 0), TopicPartition("segment-changes", 1), TopicPartition("leads", 0)]


class MemoryConsumer:
    """A consumer of partitions in memory, whose offsets have gaps where transactions ended.

    One call returns at most three records of one partition, as a broker that answers bit by bit.
    """

    def __init__(self, logs: Mapping[TopicPartition, list[FakeRecord]], ends: Mapping[TopicPartition, int]) -> None:
        self.logs = logs
        self.ends = dict(ends)
        self.positions: dict[Any, int] = {}
        self.read_counts: dict[Any, int] = defaultdict(int)

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        self.positions = dict.fromkeys(partitions, 0)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    async def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: self.ends[partition] for partition in partitions}

    async def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int = 0) -> Any:
        for partition in partitions:
            left = [each for each in self.logs[partition] if each.offset >= self.positions[partition]][:3]
            if left:
                self.positions[partition] = left[-1].offset + 1
                self.read_counts[partition] += len(left)
                return {partition: left}
            self.positions[partition] = self.ends[partition]
        await asyncio.sleep(0)
        return {}


def consumer(*instants: Iterable[int], markers: int = 1) -> Any:
    """A consumer of CHANGES with records of these instants; behind each come so many markers."""
    logs = {
        partition: [
            FakeRecord(partition.topic, partition.partition, number * (1 + markers), at)
            for number, at in enumerate(times)
        ]
        for partition, times in zip(CHANGES, instants, strict=True)
    }
    ends = {partition: len(log) * (1 + markers) for partition, log in logs.items()}
    made = MemoryConsumer(logs, ends)
    made.assign(CHANGES)
    return made


async def merged(source: Any) -> list[ConsumedRecord]:
    starts = dict.fromkeys(CHANGES, 0)
    return [each async for each in read_merged(source, CHANGES, starts=starts, ends=source.ends)]


async def last(source: Any, count: int, partition: int | None = None) -> list[int]:
    def is_wanted(record: ConsumedRecord) -> bool:
        return partition is None or record.partition == partition

    return [each.timestamp for each in await read_last(source, CHANGES, count, is_wanted)]


async def test_records_come_in_the_order_of_writing_across_partitions() -> None:
    records = await merged(consumer([1, 4, 7, 10, 13], [2, 3, 20, 21, 22, 23, 24], [5, 6]))
    assert [each.timestamp for each in records] == [1, 2, 3, 4, 5, 6, 7, 10, 13, 20, 21, 22, 23, 24]


async def test_an_empty_partition_holds_nothing_up() -> None:
    assert [each.timestamp for each in await merged(consumer([], [2, 3], []))] == [2, 3]
    assert await merged(consumer([], [], [])) == []


def test_what_was_written_in_one_millisecond_is_ordered_by_the_record_decided() -> None:
    def record(topic: str, offset: int, ordinal: int) -> FakeRecord:
        number = {"partition": 0, "offset": offset, "ordinal": ordinal}
        return FakeRecord(topic, 0, 0, timestamp=5, value=json.dumps({"number": number}).encode())

    entered, qualified, later = record("segment-changes", 7, 0), record("lead-changes", 7, 1), record("leads", 8, 0)
    assert sorted([later, qualified, entered], key=writing_order) == [entered, qualified, later]
    assert writing_order(FakeRecord("dead-letters", 0, 0, timestamp=5, value=b"no JSON")) == (5, 0, 0)
    assert writing_order(FakeRecord("leads", 0, 0, timestamp=5, value=None)) == (5, 0, 0)


async def test_the_last_ones_are_the_last_of_all_partitions_together() -> None:
    for markers in (0, 1, 7):
        source = consumer(range(0, 100, 2), range(1, 40, 2), [99], markers=markers)
        assert await last(source, 5) == [92, 94, 96, 98, 99]
        assert source.positions == source.ends


async def test_fewer_than_asked_for_are_all() -> None:
    assert await last(consumer([1], [2], []), 100) == [1, 2]


async def test_a_partition_with_a_long_past_is_not_read_from_its_beginning() -> None:
    source = consumer(range(1_000), range(1_000), [])
    assert await last(source, 3) == [998, 999, 999]
    assert sum(source.read_counts.values()) < 100


async def test_the_last_ones_of_a_contact_are_found_however_far_back_they_are() -> None:
    source = consumer([*range(1_000)], [5, 6, 7], [])
    assert await last(source, 2, partition=1) == [6, 7]


async def test_a_broker_that_goes_away_ends_the_wait() -> None:
    source = consumer([1], [], [])
    source.ends = {**source.ends, CHANGES[1]: 9}

    async def nothing(*_: object, **_options: object) -> dict[str, str]:
        await asyncio.sleep(0)
        return {}

    source.getmany = nothing
    starts = dict.fromkeys(CHANGES, 0)
    with pytest.raises(BrokerUnavailable, match=r"segment-changes cannot be read to the end"):
        async for _ in read_merged(source, CHANGES, starts=starts, ends=source.ends, patience=0.01):
            pass
