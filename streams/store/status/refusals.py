"""Counts dead letters by code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streams.kafka.protocols import ConsumedRecord, Consumer, TopicPartitionLike
from streams.kafka.reader import fetch_end_offsets, read_batches_to_end
from streams.progress import ProgressCallback

COUNTED_RECORDS = 10_000
"""So many offsets at the end of each partition are looked through."""


@dataclass(frozen=True, slots=True)
class RefusalCounts:
    """How many dead letters there are of each code; of the newest only where `is_complete` is False."""

    by_code: Mapping[str, int]
    is_complete: bool = True

    @property
    def count(self) -> int:
        """How many there are of all codes."""
        return sum(self.by_code.values())


async def read_refusal_counts(
    consumer: Consumer, partitions: Sequence[TopicPartitionLike], on_progress: ProgressCallback
) -> RefusalCounts:
    """The counts of what the partitions of `dead-letters` keep. Assigns `consumer`. Raises BrokerUnavailable."""
    ends = await fetch_end_offsets(consumer, partitions)
    beginnings = await consumer.beginning_offsets(partitions)
    starts = {each: max(beginnings[each], end - COUNTED_RECORDS) for each, end in ends.items()}
    counts: Counter[str] = Counter()
    in_all = sum(end - starts[each] for each, end in ends.items())
    async for batch in read_batches_to_end(consumer, partitions, ends=ends, starts=starts):
        counts.update(map(refusal_code, batch))
        on_progress("counting dead letters", counts.total(), in_all)
    return RefusalCounts(dict(sorted(counts.items())), starts == beginnings)


def refusal_code(letter: ConsumedRecord) -> str:
    """The code of a dead letter; "unknown" for a record that no Leadstream wrote."""
    return dict(letter.headers).get("error-code", b"unknown").decode(errors="replace")
