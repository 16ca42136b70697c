"""Counts what waits: records of in-topics that are not in the journal, and journal records that are not decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streams.kafka.protocols import Consumer, TopicPartitionLike
from streams.kafka.reader import Offsets, fetch_end_offsets, read_partitions_to_end

EXACT_RECORDS = 1_000
"""Up to so many offsets behind its end a partition's records are counted; offsets also count what no reader sees."""


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """How many records of a partition wait; an upper bound where `is_exact` is False."""

    records: int
    is_exact: bool = True


async def read_lag(
    consumer: Consumer, partitions: Sequence[TopicPartitionLike], positions: Offsets
) -> Mapping[TopicPartitionLike, PartitionLag]:
    """How many committed records lie between the positions and the present ends; 0 is where no position is known.

    Assigns `consumer`. Raises BrokerUnavailable.
    """
    if not partitions:
        return {}
    ends = await fetch_end_offsets(consumer, partitions)
    beginnings = await consumer.beginning_offsets(partitions)
    starts = {each: max(positions.get(each, 0), beginnings[each]) for each in partitions}
    gaps = {each: max(ends[each] - starts[each], 0) for each in partitions}
    near = [each for each, gap in gaps.items() if 0 < gap <= EXACT_RECORDS]
    near_starts = {each: starts[each] for each in near}  # the others are not assigned while these are read
    counts = dict.fromkeys(near, 0)
    if near:
        async for partition, batch in read_partitions_to_end(consumer, near, ends=ends, starts=near_starts):
            counts[partition] += len(batch)
    return {each: PartitionLag(counts.get(each, gap), each in counts or not gap) for each, gap in gaps.items()}


def total(lags: Mapping[TopicPartitionLike, PartitionLag], topic: str) -> PartitionLag:
    """The lag of all partitions of a topic together."""
    own = [lag for partition, lag in lags.items() if partition.topic == topic]
    return PartitionLag(sum(lag.records for lag in own), all(lag.is_exact for lag in own))
