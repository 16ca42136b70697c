"""What waits is counted record by record where it is little, and by offsets where it is much."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError

from streams.progress import ignore_progress
from streams.store.status import lag
from streams.store.status.lag import PartitionLag, read_lag, total
from streams.store.status.refusals import RefusalCounts, read_refusal_counts, refusal_code
from tests.harness.runtime.fake_records import FakeRecord

VISITS, MORE_VISITS, JOURNAL = TopicPartition("visits", 0), TopicPartition("visits", 1), TopicPartition("journal", 0)


class LogConsumer:
    """A consumer of partitions with records at some offsets; the other offsets are ends of transactions."""

    def __init__(
        self, logs: dict[TopicPartition, list[int]], ends: dict[TopicPartition, int], first: int = 0
    ) -> None:
        self.logs, self.ends, self.first = logs, ends, first
        self.positions: dict[TopicPartition, int] = {}
        self.headers: tuple[tuple[str, bytes], ...] = ()

    def assign(self, partitions: Any) -> None:
        self.positions = dict.fromkeys(partitions, 0)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self.positions:
            raise IllegalStateError(f"no current assignment for {partition}")  # as the real one does
        self.positions[partition] = offset

    async def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        self.positions.update(dict.fromkeys(partitions, self.first))

    async def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]

    async def end_offsets(self, partitions: Any) -> dict[TopicPartition, int]:
        return {each: self.ends[each] for each in partitions}

    async def beginning_offsets(self, partitions: Any) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self.first)

    async def getmany(self, *partitions: TopicPartition, **_: Any) -> dict[TopicPartition, list[FakeRecord]]:
        fetched = {}
        for each in partitions:
            offsets = [offset for offset in self.logs[each] if offset >= self.positions[each]]
            self.positions[each] = self.ends[each]
            if offsets:
                fetched[each] = [FakeRecord(each.topic, 0, offset, headers=self.headers) for offset in offsets]
        return fetched


async def test_the_ends_of_transactions_are_no_records() -> None:
    consumer: Any = LogConsumer({VISITS: [0, 1, 5], JOURNAL: [2, 3]}, {VISITS: 9, JOURNAL: 5})
    lags = await read_lag(consumer, [VISITS, JOURNAL], {VISITS: 1, JOURNAL: 4})
    assert lags == {VISITS: PartitionLag(2), JOURNAL: PartitionLag(0)}


async def test_nothing_is_read_of_a_partition_at_its_end() -> None:
    consumer: Any = LogConsumer({VISITS: []}, {VISITS: 9})
    assert await read_lag(consumer, [VISITS], {VISITS: 9}) == {VISITS: PartitionLag(0)}
    assert await read_lag(consumer, [], {}) == {}


async def test_of_several_partitions_those_that_are_behind_are_read() -> None:
    consumer: Any = LogConsumer({VISITS: [6, 7, 8]}, {VISITS: 9, JOURNAL: 5, MORE_VISITS: 3})
    lags = await read_lag(consumer, [VISITS, JOURNAL, MORE_VISITS], {VISITS: 7, JOURNAL: 5, MORE_VISITS: 3})
    assert lags == {VISITS: PartitionLag(2), JOURNAL: PartitionLag(0), MORE_VISITS: PartitionLag(0)}


async def test_a_partition_at_its_end_does_not_hinder_counting_another_one() -> None:
    consumer: Any = LogConsumer({VISITS: [], JOURNAL: [2, 3]}, {VISITS: 9, JOURNAL: 5})
    lags = await read_lag(consumer, [VISITS, JOURNAL], {VISITS: 9, JOURNAL: 2})
    assert lags == {VISITS: PartitionLag(0), JOURNAL: PartitionLag(2)}


async def test_much_is_counted_by_offsets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "EXACT_RECORDS", 3)
    consumer: Any = LogConsumer({VISITS: [6, 7, 8]}, {VISITS: 9})
    assert await read_lag(consumer, [VISITS], {VISITS: 6}) == {VISITS: PartitionLag(3)}
    assert await read_lag(consumer, [VISITS], {VISITS: 5}) == {VISITS: PartitionLag(4, is_exact=False)}


async def test_what_retention_deleted_does_not_wait() -> None:
    consumer: Any = LogConsumer({VISITS: [4, 5]}, {VISITS: 6}, first=4)
    assert await read_lag(consumer, [VISITS], {}) == {VISITS: PartitionLag(2)}


def test_the_lag_of_a_topic_is_that_of_its_partitions() -> None:
    lags = {VISITS: PartitionLag(2), MORE_VISITS: PartitionLag(5, is_exact=False), JOURNAL: PartitionLag(9)}
    assert total(lags, "visits") == PartitionLag(7, is_exact=False)
    assert total(lags, "journal") == PartitionLag(9)


async def test_dead_letters_are_counted_by_code() -> None:
    consumer: Any = LogConsumer({VISITS: [0, 2]}, {VISITS: 4})
    consumer.headers = (("error-code", b"no_at"),)
    assert await read_refusal_counts(consumer, [VISITS], ignore_progress) == RefusalCounts({"no_at": 2})


async def test_of_many_dead_letters_the_last_ones_are_counted() -> None:
    consumer: Any = LogConsumer({VISITS: list(range(20_000))}, {VISITS: 20_000})
    counts = await read_refusal_counts(consumer, [VISITS], ignore_progress)
    assert (counts.count, counts.is_complete) == (10_000, False)


def test_a_record_that_no_leadstream_wrote_has_no_code() -> None:
    assert refusal_code(FakeRecord("dead-letters", 0, 0)) == "unknown"
