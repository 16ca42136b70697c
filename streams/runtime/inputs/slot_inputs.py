"""The records that a slot has fetched: the buffers of its in-topic partitions and of its journal partition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from streams.kafka.partitions import Partition
from streams.runtime.inputs.partition_buffer import BufferedRecord, FetchEnds, PartitionBuffer, RecordBatch

BATCH_RECORDS = 4_000
BATCH_BYTES = 4_000_000

InputRecords = dict[Partition, list[BufferedRecord]]
"""The records of one transaction, per partition (full topic name)."""


class FlowControl(Protocol):
    """Faust's consumer, as far as fetching is slowed down and resumed."""

    def on_buffer_full(self, tp: Partition) -> None:
        """Pauses the partition."""

    def on_buffer_drop(self, tp: Partition) -> None:
        """Resumes the partition."""


class SlotInputs:
    """The buffers of one slot, by full partition name; `journal` is the slot's own journal partition."""

    def __init__(self, journal: Partition, flow: FlowControl) -> None:
        self.journal = journal
        self.buffers: dict[Partition, PartitionBuffer] = {}
        self._flow = flow

    def add_buffer(self, partition: Partition, position: int, arrival: int) -> PartitionBuffer:
        """Adds a partition that is committed up to `position`, and up to `arrival` (ms)."""
        buffer = self.buffers[partition] = PartitionBuffer(partition, position, arrival)
        return buffer

    def source_buffers(self) -> Iterable[PartitionBuffer]:
        """The buffers of in-topics."""
        return (buffer for buffer in self.buffers.values() if buffer.partition != self.journal)

    def journal_buffer(self) -> PartitionBuffer:
        """The buffer of the journal partition."""
        return self.buffers[self.journal]

    def start(self, tokens: Mapping[Partition, int]) -> None:
        """Expects runs with these tokens: each partition was sought to its committed position."""
        for partition, token in tokens.items():
            self.buffers[partition].start(token)

    def clear(self) -> None:
        """Drops queued records: they were fetched for a former assignment."""
        for buffer in self.buffers.values():
            buffer.clear()

    def enqueue(self, source: Partition, run: RecordBatch) -> bool:
        """Queues a run; False when it is stale. Raises Internal when a run is missing."""
        buffer = self.buffers.get(source)
        if buffer is None or not buffer.enqueue(run):
            return False
        if buffer.is_full():
            self._flow.on_buffer_full(source)
        return True

    def count_records(self) -> int:
        """How many records are queued."""
        return sum(len(buffer.queue) for buffer in self.buffers.values())

    def latest_arrival(self) -> int:
        """The arrival (ms) of the latest queued record of any in-topic; 0 when there is none."""
        return max((buffer.queue[-1].arrival for buffer in self.source_buffers() if buffer.queue), default=0)

    def dequeue_sources(self, horizon: int | None) -> InputRecords:
        """The next records of every in-topic partition, none that arrived after `horizon`."""
        return {
            buffer.partition: records
            for buffer in self.source_buffers()
            if (records := self._dequeue(buffer, horizon))
        }

    def dequeue_journal(self) -> InputRecords:
        """The next records of the journal partition."""
        records = self._dequeue(self.journal_buffer(), None)
        return {self.journal: records} if records else {}

    def _dequeue(self, buffer: PartitionBuffer, horizon: int | None) -> list[BufferedRecord]:
        had_records = bool(buffer.queue)
        records = buffer.dequeue(BATCH_RECORDS, BATCH_BYTES, horizon)
        if had_records and buffer.has_room():
            self._flow.on_buffer_drop(buffer.partition)
        return records

    def mark_committed(self, input_records: InputRecords) -> None:
        """The transaction that holds these records is committed."""
        for partition, records in input_records.items():
            self.buffers[partition].mark_committed(records)

    def effective_position(self, ends: Mapping[Partition, FetchEnds]) -> int:
        """How far the journal partition is read and decided."""
        return self.journal_buffer().effective_position(ends.get(self.journal))


def stop_if_outside_log(buffer: PartitionBuffer, beginning: int, end: int) -> None:
    """Stops a partition whose position lies outside the log (the slot was down longer than the topic's retention, or
    the topic was created again); the slot's other partitions go on.
    """
    if beginning <= buffer.committed_position <= end:
        return
    buffer.stop_reason = f"position {buffer.committed_position} is outside the log, which holds {beginning} to {end}"
