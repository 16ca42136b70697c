"""Reads out-topics as they come, across their partitions in the order of writing as far as that can be known."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from streams.errors import BrokerUnavailable
from streams.kafka.protocols import ConsumedRecord, Consumer, TopicPartitionLike
from streams.kafka.reader import PATIENCE_SECONDS, POLL_MS, FetchedRecords, Offsets, fetch_end_offsets, follow

RecordFilter = Callable[[ConsumedRecord], bool]
"""Whether a record is wanted."""

_MAX_RECORDS = 500
_WINDOW_GROWTH = 8


class _Number(msgspec.Struct):
    offset: int = 0
    ordinal: int = 0


class _Place(msgspec.Struct):
    """An output's place among the outputs that were written in the same millisecond."""

    number: _Number = msgspec.field(default_factory=_Number)


_decode_place = msgspec.json.Decoder(_Place).decode


def writing_order(record: ConsumedRecord) -> tuple[int, int, int]:
    """What orders records of several partitions: when they were written (ms), then the record that was decided."""
    try:
        number = _decode_place(record.value or b"{}").number
    except msgspec.DecodeError:  # of a dead letter, whose value is as it was received
        number = _Number()
    return record.timestamp, number.offset, number.ordinal


async def read_merged(
    consumer: Consumer,
    partitions: Sequence[TopicPartitionLike],
    *,
    starts: Offsets,
    ends: Offsets,
    patience: float = PATIENCE_SECONDS,
) -> AsyncIterator[ConsumedRecord]:
    """Records from `starts` on, up to the end of every partition; the consumer then stands behind the last.

    Those of one partition keep their order. Raises BrokerUnavailable after `patience` seconds without progress.
    """
    queues: dict[TopicPartitionLike, deque[tuple[tuple[int, int, int], ConsumedRecord]]]
    queues = {partition: deque() for partition in partitions}
    for partition in partitions:
        consumer.seek(partition, starts[partition])
    loop = asyncio.get_running_loop()
    moved_at, before = loop.time(), dict[TopicPartitionLike, int]()
    while True:
        positions = {partition: await consumer.position(partition) for partition in partitions}
        if positions != before:
            moved_at, before = loop.time(), positions
        missing = [each for each in partitions if not queues[each] and positions[each] < ends[each]]
        if missing:
            if loop.time() - moved_at > patience:
                raise BrokerUnavailable(
                    f"{missing[0].topic} cannot be read to the end: nothing came for {patience:g} s; see that every"
                    " broker runs, then try again"
                )
            fetched = await consumer.getmany(*missing, timeout_ms=POLL_MS, max_records=_MAX_RECORDS)
            for partition, batch in fetched.items():
                queues[partition].extend((writing_order(record), record) for record in batch)
            continue
        unread = [queues[each] for each in partitions if positions[each] < ends[each]]
        while all(unread):
            filled = [queue for queue in queues.values() if queue]
            if not filled:
                return
            yield min(filled, key=lambda queue: queue[0][0]).popleft()[1]


async def read_last(
    consumer: Consumer, partitions: Sequence[TopicPartitionLike], count: int, is_wanted: RecordFilter
) -> Sequence[ConsumedRecord]:
    """The last `count` records that are wanted, in order; the consumer then stands behind them.

    Reads backwards in windows that grow: offsets also count what no reader sees.
    """
    ends = await fetch_end_offsets(consumer, partitions)
    beginnings = await consumer.beginning_offsets(partitions)
    window = 2 * count
    while True:
        starts = {partition: max(beginnings[partition], end - window) for partition, end in ends.items()}
        found: dict[TopicPartitionLike, int] = dict.fromkeys(partitions, 0)
        last: deque[ConsumedRecord] = deque(maxlen=count)
        by_place = {(partition.topic, partition.partition): partition for partition in partitions}
        async for record in read_merged(consumer, partitions, starts=starts, ends=ends):
            if is_wanted(record):
                found[by_place[record.topic, record.partition]] += 1
                last.append(record)
        if all(found[each] >= count or starts[each] <= beginnings[each] for each in partitions):
            return list(last)
        window *= _WINDOW_GROWTH


async def follow_in_order(consumer: Consumer) -> AsyncIterator[Sequence[ConsumedRecord]]:
    """What comes from the consumer's positions on, without an end; nothing where nothing came for a moment."""
    async for fetched in follow(consumer):
        yield _in_order(fetched)


def _in_order(fetched: FetchedRecords) -> Sequence[ConsumedRecord]:
    records = [record for batch in fetched.values() for record in batch]
    # A stable sort: records of one partition come with rising places.
    return sorted(records, key=writing_order) if len(fetched) > 1 else records
