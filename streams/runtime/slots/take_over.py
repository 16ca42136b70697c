"""The take-over of slots: fence first, then restore the state.

    1  slot.fence(): the former owner's transaction is over, and nothing of it can commit any more
    2  the changelog partition's stable end equals its log end, else a hanging transaction is aborted
    3  the changelog partition is read, committed records only, to its end: rows and checkpoint. With rows on local
       disk (runtime/disk) they are there up to some position, and only the rest is read
    4  partitions without a position start at the earliest offset; one with a position outside its log stops

The changelog partition has one writer, its slot; so after 1 its stable end is its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.kafka.protocols import Consumer, TopicPartitionLike
from streams.kafka.reader import Offsets, read_partitions_to_end, stop_consumer
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.completion import run_to_end
from streams.runtime.faust.plain_records import return_plain_records
from streams.runtime.slots.slot import Slot
from streams.settings import Settings

READ_BYTES = 8 << 20

SlotsByChangelog = Mapping[TopicPartitionLike, Slot]
"""Slots by their changelog partitions."""


class TakeOver:
    """Restores new slots from what their former owners committed."""

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
        await asyncio.gather(*(slot.fence() for slot in slots))

    async def restore_state(self, slots: Sequence[Slot]) -> None:
        """Steps 2 and 3."""
        by_changelog: SlotsByChangelog = {TopicPartition(*slot.partitions.own_changelog()): slot for slot in slots}
        async with self.open_changelog_consumer() as consumer:
            consumer.assign(list(by_changelog))
            ends = await self.stable_ends(consumer, by_changelog)
            starts = {tp: slot.start_restore(ends[tp]) for tp, slot in by_changelog.items()}
            before = {slot: slot.checkpoint for slot in slots}
            await self._read_changelogs(consumer, by_changelog, starts, ends)
        for slot, checkpoint in before.items():
            _require_continuation(slot, checkpoint)
        for slot in slots:
            # In another thread: it may take seconds, and other slots go on. A cancelled take-over waits for it, since
            # it closes the slot next, and its rows must not be in use then.
            await run_to_end(asyncio.to_thread(slot.resume))

    async def stable_ends(
        self, consumer: Consumer, by_changelog: SlotsByChangelog
    ) -> Mapping[TopicPartitionLike, int]:
        """Step 2: the stable ends, once they are the log ends."""
        stable_ends = await consumer.end_offsets(list(by_changelog))
        log_ends = await self.log_ends([slot.partitions.own_changelog() for slot in by_changelog.values()])
        hanging = [
            slot for tp, slot in by_changelog.items() if stable_ends[tp] < log_ends[slot.partitions.own_changelog()]
        ]
        if not hanging:
            return stable_ends
        await asyncio.gather(*(self.abort_hanging_transactions(slot) for slot in hanging))
        stable_ends = await consumer.end_offsets(list(by_changelog))
        for tp, slot in by_changelog.items():
            if stable_ends[tp] < log_ends[slot.partitions.own_changelog()]:
                raise Internal(
                    f"the changelog of {slot.transactional_id} holds an open transaction that is not its own"
                )
        return stable_ends

    async def abort_hanging_transactions(self, slot: Slot) -> None:
        """Ends the transactions that the broker left hanging in the partitions that the slot writes to."""
        await slot.abort_hanging_transactions()

    async def _read_changelogs(
        self, consumer: Consumer, by_changelog: SlotsByChangelog, starts: Offsets, ends: Offsets
    ) -> None:
        reading = read_partitions_to_end(consumer, list(by_changelog), starts=starts, ends=ends)
        async for changelog, batch in reading:
            slot = by_changelog[changelog]
            for record in batch:
                if record.key is None:
                    raise Internal(f"the changelog of {slot.transactional_id}, offset {record.offset}: no key")
                slot.restore(record.key, record.value)
            slot.mark_restored(batch[-1].offset + 1)

    async def create_buffers(self, assignments: Sequence[tuple[Slot, Partition]]) -> None:
        """Step 4, for assigned partitions that their slots have no buffer for yet."""
        if not assignments:
            return
        tps = [TopicPartition(*partition) for _, partition in assignments]
        async with self.open_consumer("read_uncommitted") as consumer:
            beginnings = await consumer.beginning_offsets(tps)
            ends = await consumer.end_offsets(tps)
        for (slot, partition), tp in zip(assignments, tps, strict=True):
            slot.add_input(partition, beginnings[tp], ends[tp])

    @asynccontextmanager
    async def open_changelog_consumer(self) -> AsyncIterator[Consumer]:
        """A consumer of committed records; they have no topic and partition."""
        async with self.open_consumer(self.isolation_level) as consumer:
            return_plain_records(consumer)
            yield consumer

    async def log_ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """The ends of the logs, uncommitted records included."""
        async with self.open_consumer("read_uncommitted") as consumer:
            ends = await consumer.end_offsets([TopicPartition(*partition) for partition in partitions])
        return {Partition(tp.topic, tp.partition): end for tp, end in ends.items()}

    @asynccontextmanager
    async def open_consumer(self, isolation_level: str) -> AsyncIterator[Consumer]:
        """A consumer outside every group, stopped at the end."""
        consumer: Consumer = AIOKafkaConsumer(
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


def _require_continuation(slot: Slot, before: SlotCheckpoint) -> None:
    """Raises Internal where the changelog does not continue what lies on local disk: then it is another one."""
    if all(slot.checkpoint.feeds.get(name, 0) >= position for name, position in before.feeds.items()):
        return
    slot.local_rows.clear()
    raise Internal(
        f"the contacts of {slot.transactional_id} on local disk are ahead of the changelog, which was made anew; they"
        " are deleted, and the next start reads the changelog"
    )
