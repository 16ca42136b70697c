"""What a slot appends to its own journal partition: it is decided without being fetched, where nobody else wrote.

An event is appended to the journal and decided in one transaction: the slot writes its journal records first, and the
broker's answer tells their offsets. They are decided at once when all records before them are known. The same holds
for what a transaction appends later (ticks, releases, what decisions append): it is decided in the next one.

Otherwise, when another slot appended to this partition, or something was not fetched yet, the records are fetched as
all others are, and decided then. So the order of decisions is always that of the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.runtime.inputs.partition_buffer import AppendedRecord, PartitionBuffer
from streams.runtime.slots.pipeline import OVERDUE
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.transaction import TransactionBatch


class OwnJournal:
    """One slot's own journal partition, as its writer knows it. Transactions may take `bound_seconds`."""

    def __init__(self, partition: Partition, producer: SlotProducer, bound_seconds: float) -> None:
        self._partition = partition
        self._producer = producer
        self._bound_seconds = bound_seconds
        self._ahead: int | None = None
        """The last offset that the open transaction has written ahead."""
        self._expected: list[Partition] = []
        """Where the last transaction wrote besides journals: the next one does so, too, most often."""

    async def write_ahead(self, batch: TransactionBatch, buffer: PartitionBuffer) -> None:
        """Begins the transaction of a batch with its journal records so far; `buffer` has them next, if it can.

        Raises Internal when the broker does not answer in time, and as `SlotProducer.write` does.
        """
        appended, batch.appended = batch.appended, []
        if not appended:
            return
        try:
            async with asyncio.timeout(self._bound_seconds):
                last_offsets = await self._producer.write_ahead(batch.writer.take(self._partition), self._expected)
        except TimeoutError as error:
            raise Internal(OVERDUE) from error
        self._ahead = last_offsets[self._partition]
        _enqueue(buffer, appended, self._ahead)

    def mark_commit(
        self, batch: TransactionBatch, buffer: PartitionBuffer, last_offsets: Mapping[Partition, int]
    ) -> None:
        """The batch is committed: `buffer` has what it appended since, and expects the end of the transaction."""
        self._expected = [each for each in last_offsets if each.topic != self._partition.topic]
        last_offset, self._ahead = last_offsets.get(self._partition, self._ahead), None
        if last_offset is None:
            return
        if batch.appended:
            _enqueue(buffer, batch.appended, last_offset)
        buffer.expect_marker(last_offset)


def _enqueue(buffer: PartitionBuffer, records: list[AppendedRecord], last_offset: int) -> None:
    """Where others wrote between the batches of the records, the first offset is too high for the buffer."""
    for offset, record in enumerate(records, start=last_offset + 1 - len(records)):
        record.offset = offset
    buffer.enqueue_appended(records)
