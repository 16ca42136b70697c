"""Partitions that stopped because records of theirs are gone, and read on once an operator accepted that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailable
from streams.kafka.partitions import Partition
from streams.kafka.source_gaps import read_source_gaps
from streams.runtime.inputs.partition_buffer import PartitionBuffer
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.take_over import TakeOver
from streams.settings import Settings

log = structlog.get_logger()


class GapWatch:
    """Looks for the gaps of a worker's stopped partitions on the topic `deployment`."""

    def __init__(self, settings: Settings, take_over: TakeOver) -> None:
        self._settings = settings
        self._take_over = take_over

    async def settle(self, slots: Iterable[Slot]) -> None:
        """At take-over: lets partitions read on whose gaps are on record; logs the others. Raises KafkaError and
        BrokerUnavailable.
        """
        slots = list(slots)
        await self._resume(slots, lambda: True)
        for name, buffer in _stopped_buffers(slots).items():
            do = f"`leadstream topics accept-gap {name}` lets it read on without what is gone"
            log.error("partition stopped", partition=str(buffer.partition), why=buffer.stop_reason, do=do)

    async def look(self, slots: Iterable[Slot], is_wanted: Callable[[], bool]) -> Mapping[Partition, int]:
        """Lets partitions read on whose gaps are on record, if `is_wanted()` when they are known; returns their
        positions. Lets none where the broker does not answer: the next look will.
        """
        try:
            return await self._resume(slots, is_wanted)
        except (KafkaError, BrokerUnavailable) as error:
            log.debug("gaps not seen", error=type(error).__name__)
            return {}

    async def _resume(self, slots: Iterable[Slot], is_wanted: Callable[[], bool]) -> Mapping[Partition, int]:
        stopped = _stopped_buffers(slots)
        if not stopped:
            return {}
        tps = [TopicPartition(*buffer.partition) for buffer in stopped.values()]
        async with self._take_over.open_consumer("read_uncommitted") as consumer:
            beginnings = await consumer.beginning_offsets(tps)
            ends = await consumer.end_offsets(tps)
            gaps = await read_source_gaps(self._settings, consumer)
        positions: dict[Partition, int] = {}
        if not is_wanted():
            return positions
        for (name, buffer), tp in zip(stopped.items(), tps, strict=True):
            before = buffer.committed_position
            position = gaps.position_after(name, before, beginnings[tp], ends[tp])
            if beginnings[tp] <= position <= ends[tp]:
                buffer.skip_gap(position)
                positions[buffer.partition] = position
                log.warning("gap accepted", partition=str(buffer.partition), before=before, position=position)
        return positions


def _stopped_buffers(slots: Iterable[Slot]) -> Mapping[Partition, PartitionBuffer]:
    """The stopped in-topic partitions of slots, by name without prefix."""
    return {
        slot.partitions.without_prefix(buffer.partition): buffer
        for slot in slots
        for buffer in slot.source_buffers()
        if buffer.stop_reason is not None
    }
