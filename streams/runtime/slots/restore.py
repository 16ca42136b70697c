"""The take-over of slots: fence first, then read the truth.

    1  producer.fence(): the former owner's transaction is over, and nothing of it can commit any more
    2  the changelog partition's stable end and log end are equal, else a transaction hangs in it, and is mended
    3  the changelog partition is read, committed records only, to its end: rows and positions
    4  positions never written: the earliest offset; positions outside the log: the partition stops

The changelog partition has one writer, its slot; so after 1 its stable end is its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.runtime.inputs.partition_buffer import Feed
from streams.runtime.inputs.slot_inputs import place
from streams.runtime.slots.slot import Slot
from streams.settings import Settings

READ_BYTES = 8 << 20


class TakeOver:
    """Brings new slots to where their former owners left them."""

    isolation_level = "read_committed"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    async def run(self, slots: Sequence[Slot]) -> None:
        """Steps 1 to 3 for all slots at once.

        Raises Internal when a transaction that is not the slot's own holds up its changelog, KafkaError for the rest.
        """
        if not slots:
            return
        await self.fence(slots)  # 1
        await self.read_truth(slots)  # 2, 3

    async def fence(self, slots: Sequence[Slot]) -> None:
        """Step 1."""
        await asyncio.gather(*(slot.producer.fence() for slot in slots))

    async def read_truth(self, slots: Sequence[Slot]) -> None:
        """Steps 2 and 3."""
        by_tp = {TopicPartition(*slot.places.own_changelog()): slot for slot in slots}
        async with self.reader(self.isolation_level) as reader:
            reader.assign(list(by_tp))
            ends = await self.settled_ends(reader, by_tp)
            await self._restore(reader, by_tp, ends)
        for slot in slots:
            slot.decider.resume(slot.positions.checkpoint)

    async def settled_ends(self, reader: Any, by_tp: Mapping[Any, Slot]) -> Mapping[Any, int]:
        """Step 2: the stable ends, once they are the log's ends."""
        stable: Mapping[Any, int] = await reader.end_offsets(list(by_tp))
        log_ends = await self.log_ends([Partition(*tp) for tp in by_tp])
        hanging = [slot for tp, slot in by_tp.items() if stable[tp] < log_ends[Partition(*tp)]]
        if not hanging:
            return stable
        await asyncio.gather(*(self.exorcise(slot) for slot in hanging))
        stable = await reader.end_offsets(list(by_tp))
        for tp, slot in by_tp.items():
            if stable[tp] < log_ends[Partition(*tp)]:
                raise Internal(f"the changelog of {slot.producer.id} holds an open transaction that is not its own")
        return stable

    async def exorcise(self, slot: Slot) -> None:
        """Ends what the broker left hanging in all that the slot writes."""
        await slot.producer.exorcise(slot.writes_to)

    async def _restore(self, reader: Any, by_tp: Mapping[Any, Slot], ends: Mapping[Any, int]) -> None:
        left = {tp for tp in by_tp if ends[tp] > 0}
        while left:
            for tp, records in (await reader.getmany(*left, timeout_ms=100)).items():
                for record in records:
                    by_tp[tp].restore(record.key, record.value)
            for tp in list(left):
                if await reader.position(tp) >= ends[tp]:
                    left.discard(tp)

    async def find_positions(self, assigned: Sequence[tuple[Slot, Partition]]) -> None:
        """Step 4, for assigned partitions that their slots have no feed of yet."""
        if not assigned:
            return
        tps = [TopicPartition(*partition) for _, partition in assigned]
        async with self.reader("read_uncommitted") as reader:
            beginnings = await reader.beginning_offsets(tps)
            ends = await reader.end_offsets(tps)
        for (slot, partition), tp in zip(assigned, tps, strict=True):
            name = str(slot.bare(partition))
            feed = Feed(
                partition,
                next=slot.positions.feeds.get(name, beginnings[tp]),
                taken_arrival=slot.positions.arrivals.get(name, 0),
            )
            place(feed, beginnings[tp], ends[tp])
            slot.intake.feeds[partition] = feed
            if partition == slot.intake.journal:
                slot.found_journal(feed, ends[tp])

    async def log_ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """The ends of the logs, uncommitted records included."""
        async with self.reader("read_uncommitted") as reader:
            ends = await reader.end_offsets([TopicPartition(*partition) for partition in partitions])
        return {Partition(*tp): end for tp, end in ends.items()}

    @asynccontextmanager
    async def reader(self, isolation_level: str) -> AsyncIterator[Any]:
        """A consumer outside every group, stopped in the end."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level=isolation_level,
            max_partition_fetch_bytes=READ_BYTES,
            fetch_max_wait_ms=50,
            request_timeout_ms=self.settings.request_ms,
        )
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()
