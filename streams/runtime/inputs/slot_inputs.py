"""What a slot has fetched: the feeds of its in-topic partitions and of its journal partition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import structlog

from streams.kafka.partitions import Partition
from streams.runtime.inputs.partition_buffer import BufferedRecord, FetchEnds, PartitionBuffer, RecordBatch

log = structlog.get_logger()

BATCH_RECORDS = 4_000
BATCH_BYTES = 4_000_000

InputRecords = dict[Partition, list[BufferedRecord]]


class FlowControl(Protocol):
    """Faust's consumer, as far as fetching is slowed down and resumed."""

    def on_buffer_full(self, tp: Partition) -> None:
        """No more of this partition for now."""

    def on_buffer_drop(self, tp: Partition) -> None:
        """This partition may flow again."""


class SlotInputs:
    """The feeds of one slot, by full partition name; `journal` is the slot's own journal partition."""

    def __init__(self, journal: Partition, flow: FlowControl) -> None:
        self.journal = journal
        self.buffers: dict[Partition, PartitionBuffer] = {}
        self._flow = flow

    def source_buffers(self) -> Iterable[PartitionBuffer]:
        """The feeds of in-topics."""
        return (feed for feed in self.buffers.values() if feed.partition != self.journal)

    def journal_buffer(self) -> PartitionBuffer:
        """The feed of the journal partition."""
        return self.buffers[self.journal]

    def start(self, tokens: Mapping[Partition, int]) -> None:
        """Every feed was sought to where it stands; runs with these tokens follow."""
        for partition, token in tokens.items():
            self.buffers[partition].start(token)

    def clear(self) -> None:
        """What is queued is forgotten: it was fetched for a former assignment."""
        for feed in self.buffers.values():
            feed.clear()

    def enqueue(self, source: Partition, run: RecordBatch) -> bool:
        """Takes in a run; False when it is stale. Raises Internal when a run is missing."""
        feed = self.buffers.get(source)
        if feed is None:
            return False
        if not feed.enqueue(run):
            return False
        if feed.is_full():
            self._flow.on_buffer_full(source)
        return True

    def latest_arrival(self) -> int:
        """The arrival of the latest record at hand of any in-topic; 0 when there is none."""
        return max((feed.queue[-1].arrival for feed in self.source_buffers() if feed.queue), default=0)

    def dequeue_sources(self, horizon: int | None) -> InputRecords:
        """The next records of every in-topic partition, none that arrived after `horizon`."""
        return {feed.partition: taken for feed in self.source_buffers() if (taken := self._dequeue(feed, horizon))}

    def dequeue_journal(self) -> InputRecords:
        """The next records of the journal partition."""
        taken = self._dequeue(self.journal_buffer(), None)
        return {self.journal: taken} if taken else {}

    def _dequeue(self, buffer: PartitionBuffer, horizon: int | None) -> list[BufferedRecord]:
        was_full = bool(buffer.queue)
        taken = buffer.dequeue(BATCH_RECORDS, BATCH_BYTES, horizon)
        if was_full and buffer.has_room():
            self._flow.on_buffer_drop(buffer.partition)
        return taken

    def mark_committed(self, input_records: InputRecords) -> None:
        """The transaction that holds these entries is committed."""
        for partition, entries in input_records.items():
            self.buffers[partition].mark_committed(entries)

    def effective_position(self, ends: Mapping[Partition, FetchEnds]) -> int:
        """How far the journal partition is read and decided."""
        return self.journal_buffer().effective_position(ends.get(self.journal))


def stop_if_outside_log(buffer: PartitionBuffer, beginning: int, end: int) -> None:
    """Stops a feed whose position lies outside the log (it was down longer than the topic keeps, or the topic was
    made anew); the slot's others go on.
    """
    if beginning <= buffer.committed_position <= end:
        return
    buffer.stop_reason = f"position {buffer.committed_position} is outside the log, which holds {beginning} to {end}"
    log.error("partition stopped", partition=str(buffer.partition), why=buffer.stop_reason)
