"""A new epoch for a slot's producer after an EndTxn without an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.runtime.slots.producer import SlotProducer

log = structlog.get_logger()

LogEnds = Callable[[list[Partition]], Awaitable[Mapping[Partition, int]]]
"""Reads the ends of logs, uncommitted records included."""


async def take_new_epoch(
    producer: SlotProducer, changelog: Partition, checkpoint_offset: int, log_ends: LogEnds
) -> None:
    """The commit is valid, but another copy of its EndTxn may be on the way: a new epoch makes that one harmless.

    No other process may have owned the slot in between: its checkpoint record, at `checkpoint_offset`, and the
    commit's control record must be the last ones in its changelog partition. Raises Internal when they are not.
    """
    await producer.renew_epoch()
    ends = await log_ends([changelog])
    log.info("renewed", producer=producer.id, position_record=checkpoint_offset, log_end=ends[changelog])
    if ends[changelog] != checkpoint_offset + 2:
        raise Internal(f"{producer.id} was owned by somebody in between")
