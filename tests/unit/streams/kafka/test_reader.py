"""Reading partitions to their ends: what is yielded, and that nothing waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

import pytest
from aiokafka import TopicPartition

from streams.errors import BrokerUnavailable
from streams.kafka import reader
from streams.kafka.protocols import ConsumedRecord, Consumer, TopicPartitionLike
from streams.kafka.reader import follow, read_batches_to_end, read_by_time_to_end, read_to_end, stop_consumer

ORDERS = TopicPartition("orders", 0)
RETURNS = TopicPartition("returns", 0)
TINY = 0.02


class FakeConsumedRecord(NamedTuple):
    topic: str
    partition: int
    offset: int
    key: bytes = b"key"
    value: bytes = b"value"
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


class FakePartitionConsumer:
    """Returns the records of `logs`, `batch` at a time; ends may lie behind them, where control records would be."""

    def __init__(
        self, logs: Mapping[TopicPartition, Iterable[int]], ends: Mapping[TopicPartition, int], batch: int = 1
    ) -> None:
        self._logs = {
            partition: [FakeConsumedRecord(partition.topic, partition.partition, offset) for offset in offsets]
            for partition, offsets in logs.items()
        }
        self._ends = ends
        self._batch = batch
        self._positions: dict[Any, int] = {}
        self.hangs_in = ""

    def write_at(self, partition: TopicPartition, times: Iterable[int]) -> None:
        """Says when the records of a partition were written (ms)."""
        records = zip(self._logs[partition], times, strict=True)
        self._logs[partition] = [record._replace(timestamp=time) for record, time in records]

    def assign(self, partitions: Iterable[Any]) -> None:
        self._positions = dict.fromkeys(partitions, 0)

    def seek(self, partition: Any, offset: int) -> None:
        assert partition in self._positions, "aiokafka refuses to seek in what is not assigned"
        self._positions[partition] = offset

    async def seek_to_beginning(self, *_partitions: Any) -> bool:
        await self._hang_in("seek")
        return True

    async def end_offsets(self, partitions: Iterable[Any]) -> dict[TopicPartitionLike, int]:
        await self._hang_in("ends")
        return {partition: self._ends[partition] for partition in partitions}

    async def position(self, partition: Any) -> int:
        await self._hang_in("position")
        return self._positions[partition]

    async def getmany(
        self, *partitions: Any, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartitionLike, list[ConsumedRecord]]:
        del timeout_ms, max_records
        await asyncio.sleep(0)
        for partition in partitions or self._positions:
            position = self._positions[partition]
            records: Any = [each for each in self._logs[partition] if each.offset >= position][: self._batch]
            if records:
                self._positions[partition] = records[-1].offset + 1
                return {partition: records}
        return {}

    async def _hang_in(self, method: str) -> None:
        if self.hangs_in == method:
            await asyncio.Event().wait()

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not expected")


async def offsets(consumer: Any, **options: Any) -> list[int]:
    return [record.offset async for record in read_to_end(consumer, [ORDERS], patience=TINY, **options)]


async def test_all_records_up_to_the_present_end_are_yielded() -> None:
    assert await offsets(FakePartitionConsumer({ORDERS: [0, 1, 3]}, {ORDERS: 4})) == [0, 1, 3]


async def test_an_empty_partition_yields_nothing() -> None:
    assert await offsets(FakePartitionConsumer({ORDERS: []}, {ORDERS: 0})) == []


async def test_given_starts_and_ends_bound_the_read() -> None:
    consumer = FakePartitionConsumer({ORDERS: [0, 1, 2, 3, 4]}, {})
    assert await offsets(consumer, starts={ORDERS: 1}, ends={ORDERS: 3}) == [1, 2]


async def test_a_start_in_a_partition_that_is_not_read_is_passed_over() -> None:
    consumer = FakePartitionConsumer({ORDERS: [0, 1], RETURNS: [0, 1]}, {})
    assert await offsets(consumer, starts={RETURNS: 1, ORDERS: 1}, ends={ORDERS: 2, RETURNS: 2}) == [1]


async def test_a_record_behind_a_given_end_is_not_yielded() -> None:
    assert await offsets(FakePartitionConsumer({ORDERS: [0, 7]}, {}), ends={ORDERS: 4}) == [0]


async def test_a_record_behind_the_end_is_left_to_who_follows() -> None:
    consumer: Any = FakePartitionConsumer({ORDERS: [0, 1, 2]}, {ORDERS: 2}, batch=3)
    assert await offsets(consumer) == [0, 1]
    fetched = await anext(follow(consumer))
    assert [record.offset for record in fetched.get(ORDERS, ())] == [2]


async def test_a_record_behind_the_end_is_left_to_who_follows_slices_too() -> None:
    consumer: Any = FakePartitionConsumer({ORDERS: [0, 1, 2]}, {ORDERS: 2}, batch=3)
    reading = read_by_time_to_end(consumer, [ORDERS], ends={ORDERS: 2}, starts={}, max_records=10)
    assert [[each.offset for each in slices[ORDERS]] async for slices in reading] == [[0, 1]]
    fetched = await anext(follow(consumer))
    assert [record.offset for record in fetched.get(ORDERS, ())] == [2]


async def test_several_partitions_are_read_each_to_its_end() -> None:
    consumer: Any = FakePartitionConsumer({ORDERS: [0, 1], RETURNS: [0]}, {ORDERS: 2, RETURNS: 1})
    batches = [batch async for batch in read_batches_to_end(consumer, [ORDERS, RETURNS], patience=TINY)]
    assert sorted((record.topic, record.offset) for batch in batches for record in batch) == [
        ("orders", 0),
        ("orders", 1),
        ("returns", 0),
    ]


async def test_slices_of_several_partitions_come_in_the_order_of_writing() -> None:
    consumer: Any = FakePartitionConsumer({ORDERS: range(5), RETURNS: range(3)}, {})
    consumer.write_at(ORDERS, [10, 20, 30, 40, 50])
    consumer.write_at(RETURNS, [15, 35, 36])
    slices = [
        sorted(record.timestamp for records in each.values() for record in records)
        async for each in read_by_time_to_end(
            consumer,
            [ORDERS, RETURNS],
            starts={ORDERS: 1},
            ends={ORDERS: 4, RETURNS: 3},
            max_records=2,
            patience=TINY,
        )
    ]
    assert [time for each in slices for time in each] == [15, 20, 30, 35, 36, 40]


async def test_an_end_that_is_never_reached_ends_the_read_with_the_topic_and_what_to_do() -> None:
    consumer = FakePartitionConsumer({ORDERS: [0, 1]}, {ORDERS: 5})
    with pytest.raises(BrokerUnavailable, match=r"orders cannot be read .* nothing came for 0\.02 s; .*try again"):
        await offsets(consumer)


@pytest.mark.parametrize("method", ["seek", "ends", "position"])
async def test_a_broker_that_does_not_answer_ends_the_read(method: str) -> None:
    consumer = FakePartitionConsumer({ORDERS: [0]}, {ORDERS: 1})
    consumer.hangs_in = method
    with pytest.raises(BrokerUnavailable, match="orders"):
        await offsets(consumer)


async def test_the_time_that_the_caller_takes_does_not_count() -> None:
    consumer: Any = FakePartitionConsumer({ORDERS: [0, 1, 2]}, {ORDERS: 3})
    loop, count = asyncio.get_running_loop(), 0
    async for _ in read_to_end(consumer, [ORDERS], patience=TINY):
        count += 1
        elapsed = asyncio.Event()
        loop.call_later(2 * TINY, elapsed.set)
        await elapsed.wait()
    assert count == 3


async def test_following_goes_on_over_empty_fetches() -> None:
    consumer: Any = FakePartitionConsumer({ORDERS: [0, 1]}, {})
    consumer.assign([ORDERS])
    fetches = follow(consumer)
    sizes = [sum(map(len, (await anext(fetches)).values())) for _ in range(4)]
    assert sizes == [1, 1, 0, 0]


class DeafConsumer:
    """Ends only when its stop is cancelled so many times."""

    def __init__(self, cancellations: int, outcome: Exception | None = None) -> None:
        self._cancellations = cancellations
        self._outcome = outcome

    async def stop(self) -> None:
        while self._cancellations:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self._cancellations -= 1
        if self._outcome is not None:
            raise self._outcome

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not expected")


@pytest.mark.parametrize("cancellations", [0, 1, 2])
async def test_a_consumer_that_does_not_stop_is_told_again(
    monkeypatch: pytest.MonkeyPatch, cancellations: int
) -> None:
    monkeypatch.setattr(reader, "STOP_SECONDS", TINY)
    async with asyncio.timeout(20):
        await stop_consumer(DeafConsumer(cancellations))
        with pytest.raises(OSError, match="broken"):
            await stop_consumer(DeafConsumer(cancellations, OSError("broken")))


class StubbornConsumer(FakePartitionConsumer):
    """Its `stop` waits for a task that misses its first cancellation, as aiokafka's fetcher may."""

    def __init__(self) -> None:
        super().__init__({}, {})
        self.is_stopped = False

    async def stop(self) -> None:
        fetcher = asyncio.create_task(self._fetch())
        await asyncio.sleep(0)
        fetcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await fetcher
        self.is_stopped = True

    async def _fetch(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()


async def test_a_fetcher_that_misses_its_end_does_not_keep_a_consumer_from_stopping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.kafka.reader.STOP_SECONDS", TINY)
    consumer = StubbornConsumer()
    async with asyncio.timeout(100 * TINY):
        await stop_consumer(cast(Consumer, consumer))
    assert consumer.is_stopped


async def test_a_consumer_is_stopped_though_its_reader_is_cancelled_just_then() -> None:
    class QuickConsumer:
        is_stopped = False

        async def stop(self) -> None:
            self.is_stopped = True

    consumer = QuickConsumer()
    stopping = asyncio.create_task(stop_consumer(cast(Consumer, consumer)))
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert consumer.is_stopped


async def test_what_a_stop_raises_is_raised_and_a_cancelled_fetch_is_no_cancellation() -> None:
    class FailingConsumer(FakePartitionConsumer):
        error: BaseException = RuntimeError("no end")

        async def stop(self) -> None:
            raise self.error

    consumer = FailingConsumer({}, {})
    with pytest.raises(RuntimeError, match="no end"):
        await stop_consumer(cast(Consumer, consumer))
    consumer.error = asyncio.CancelledError()
    await stop_consumer(cast(Consumer, consumer))
