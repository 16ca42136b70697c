"""Reads the latest checkpoints of slots: the last record of each of their transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streams.kafka.protocols import Consumer, TopicPartitionLike
from streams.kafka.reader import fetch_end_offsets, read_partitions_to_end, require_value
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint, decode

_LOOKBACK_RECORDS = 2_000
"""Records at the end of a changelog that are searched for a checkpoint first."""


async def read_checkpoints(
    consumer: Consumer, changelogs: Sequence[TopicPartitionLike]
) -> Mapping[TopicPartitionLike, SlotCheckpoint]:
    """Changelog partition -> its slot's latest checkpoint, an empty one where there is none.

    It looks near the ends of the changelogs first. Assigns `consumer`. Raises BrokerUnavailable.
    """
    ends = await fetch_end_offsets(consumer, changelogs)
    latest: dict[TopicPartitionLike, SlotCheckpoint] = {}
    for lookback in (_LOOKBACK_RECORDS, None):
        missing = [changelog for changelog in changelogs if changelog not in latest]
        if not missing:
            break
        starts = {each: 0 if lookback is None else max(ends[each] - lookback, 0) for each in missing}
        async for changelog, batch in read_partitions_to_end(consumer, missing, ends=ends, starts=starts):
            for record in batch:
                if record.key == CHECKPOINT_KEY:
                    latest[changelog] = decode(require_value(record))
    return {changelog: latest.get(changelog, SlotCheckpoint()) for changelog in changelogs}
