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
from streams.kafka.reader import read_batches_to_end, require_key, stop_consumer
from streams.runtime.inputs.partition_buffer import PartitionBuffer
from streams.runtime.inputs.slot_inputs import stop_if_outside_log
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

        Raises Internal when a transaction that is not the slot's own holds up its changelog, BrokerUnavailable when
        nothing comes any more, KafkaError for the rest.
        """
        if not slots:
            return
        await self.fence(slots)  # 1
        await self.restore_state(slots)  # 2, 3

    async def fence(self, slots: Sequence[Slot]) -> None:
        """Step 1."""
        await asyncio.gather(*(slot.producer.fence() for slot in slots))

    async def restore_state(self, slots: Sequence[Slot]) -> None:
        """Steps 2 and 3."""
        by_tp = {TopicPartition(*slot.partitions.own_changelog()): slot for slot in slots}
        async with self.open_consumer(self.isolation_level) as reader:
            reader.assign(list(by_tp))
            ends = await self.stable_ends(reader, by_tp)
            await self._read_changelogs(reader, by_tp, ends)
        for slot in slots:
            slot.decider.resume(slot.checkpoint.checkpoint)

    async def stable_ends(self, reader: Any, by_tp: Mapping[Any, Slot]) -> Mapping[Any, int]:
        """Step 2: the stable ends, once they are the log's ends."""
        stable: Mapping[Any, int] = await reader.end_offsets(list(by_tp))
        log_ends = await self.log_ends([Partition(*tp) for tp in by_tp])
        hanging = [slot for tp, slot in by_tp.items() if stable[tp] < log_ends[Partition(*tp)]]
        if not hanging:
            return stable
        await asyncio.gather(*(self.abort_hanging_transactions(slot) for slot in hanging))
        stable = await reader.end_offsets(list(by_tp))
        for tp, slot in by_tp.items():
            if stable[tp] < log_ends[Partition(*tp)]:
                raise Internal(f"the changelog of {slot.producer.id} holds an open transaction that is not its own")
        return stable

    async def abort_hanging_transactions(self, slot: Slot) -> None:
        """Ends what the broker left hanging in all that the slot writes."""
        await slot.producer.abort_hanging_transactions(slot.transaction_partitions)

    async def _read_changelogs(self, reader: Any, by_tp: Mapping[Any, Slot], ends: Mapping[Any, int]) -> None:
        async for batch in read_batches_to_end(reader, list(by_tp), ends=ends):
            slot = by_tp[TopicPartition(batch[0].topic, batch[0].partition)]
            for record in batch:
                slot.restore(require_key(record), record.value)

    async def create_buffers(self, assignments: Sequence[tuple[Slot, Partition]]) -> None:
        """Step 4, for assigned partitions that their slots have no feed of yet."""
        if not assignments:
            return
        tps = [TopicPartition(*partition) for _, partition in assignments]
        async with self.open_consumer("read_uncommitted") as reader:
            beginnings = await reader.beginning_offsets(tps)
            ends = await reader.end_offsets(tps)
        for (slot, partition), tp in zip(assignments, tps, strict=True):
            name = str(slot.without_prefix(partition))
            feed = PartitionBuffer(
                partition,
                committed_position=slot.checkpoint.feeds.get(name, beginnings[tp]),
                committed_arrival=slot.checkpoint.arrivals.get(name, 0),
            )
            stop_if_outside_log(feed, beginnings[tp], ends[tp])
            slot.inputs.buffers[partition] = feed
            if partition == slot.inputs.journal:
                slot.set_journal_end(feed, ends[tp])

    async def log_ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """The ends of the logs, uncommitted records included."""
        async with self.open_consumer("read_uncommitted") as reader:
            ends = await reader.end_offsets([TopicPartition(*partition) for partition in partitions])
        return {Partition(*tp): end for tp, end in ends.items()}

    @asynccontextmanager
    async def open_consumer(self, isolation_level: str) -> AsyncIterator[Any]:
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
            await stop_consumer(consumer)
