"""A slot without a broker: its producer keeps the records it is given, and the test fills its buffers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.kafka.batches import BatchWriter
from streams.kafka.partitions import Partition
from streams.runtime import checkpoint as checkpoint_records
from streams.runtime.backfill.backfill import BackfillTools
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.disk.row_stores import LocalRows, NoLocalRows
from streams.runtime.inputs.slot_inputs import SlotInputs
from streams.runtime.output_partitions import OutputPartitions
from streams.runtime.protocols import Decider, Ingest
from streams.runtime.slots.slot import Slot
from streams.runtime.time.clock_advances import ClockAdvance
from streams.runtime.time.source_partitions import SourcePartitions
from streams.runtime.time.ticks import ControlState, TickScheduler
from streams.settings import Settings
from tests.harness.runtime.counting_program import CountingDecider, ingest_event

VISITS = Partition("p-web-visits", 0)
SCORES = Partition("p-scoring-events", 0)
JOURNAL = Partition("p-journal", 0)
CHANGELOG = Partition("p-changelog", 0)

FakeBatchRecord = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
"""Key, value, headers."""


class FakeBatch:
    """A batch that keeps its records; `room` is how many fit."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.records: list[FakeBatchRecord] = []

    def append(
        self,
        *,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> object | None:
        """None when it is full."""
        if len(self.records) == self.room:
            return None
        self.records.append((key, value, list(headers)))
        return self

    def record_count(self) -> int:
        """How many records it holds."""
        return len(self.records)

    def close(self) -> None:
        """Does nothing."""


@dataclass
class FakeProducer:
    """A slot's producer; `committed` holds the committed records per partition, in order, `ahead` those of the open
    transaction.
    """

    id: str = "p-slot-0"
    committed: dict[Partition, list[FakeBatchRecord]] = field(default_factory=dict)
    ahead: dict[Partition, list[FakeBatchRecord]] = field(default_factory=dict)
    unanswered_end: bool = False
    renewed: int = 0

    def create_batch(self) -> FakeBatch:
        """An empty batch."""
        return FakeBatch()

    def new_batch_writer(self) -> BatchWriter:
        """An empty writer."""
        return BatchWriter(self)

    async def write_ahead(self, writer: BatchWriter, _expected: Iterable[Partition] = ()) -> dict[Partition, int]:
        """Keeps all records until `write` commits them; an offset is a record's index."""
        last_offsets = {}
        for target, batch in writer.batches():
            assert isinstance(batch, FakeBatch)
            ahead = self.ahead.setdefault(target, [])
            ahead.extend(batch.records)
            last_offsets[target] = len(self.committed.get(target, [])) + len(ahead) - 1
        return last_offsets

    async def write(self, writer: BatchWriter) -> dict[Partition, int]:
        """Commits all records, those written ahead first; an offset is a record's index."""
        last_offsets = await self.write_ahead(writer)
        for target, ahead in self.ahead.items():
            self.committed.setdefault(target, []).extend(ahead)
        self.ahead.clear()
        return last_offsets

    async def stop(self) -> None:
        """Has no connection to close."""

    def has_unanswered_end(self) -> bool:
        """Whether an EndTxn had no answer."""
        return self.unanswered_end

    async def renew_epoch(self) -> None:
        """Counts a new epoch."""
        self.renewed += 1
        self.unanswered_end = False


@dataclass
class FakeFlowControl:
    """Holds the partitions that are paused."""

    paused: set[Partition] = field(default_factory=set)

    def on_buffer_full(self, tp: Partition) -> None:
        """Pauses."""
        self.paused.add(tp)

    def on_buffer_drop(self, tp: Partition) -> None:
        """Resumes."""
        self.paused.discard(tp)


async def same_error(error: BaseException) -> BaseException:
    """Finds no other cause of an error."""
    return error


def state_with_advances(*advances: ClockAdvance) -> ControlState:
    """The state after these records of `clock`, with nothing committed yet."""
    control_state = ControlState()
    for advance in advances:
        control_state.advances.add(advance)
    return control_state


def fake_slot(
    settings: Settings | None = None,
    decider: Decider | None = None,
    ingest: Ingest = ingest_event,
    control_state: ControlState | None = None,
    log_end: int = 0,
    *,
    local_rows: LocalRows | None = None,
    producer: FakeProducer | None = None,
) -> Slot:
    """Slot 0 of one, with two in-topic partitions, taken over and sought to the beginning."""
    settings = settings or Settings(prefix="p-", clock="events", partitions=1)
    inputs = SlotInputs(JOURNAL, FakeFlowControl())
    for partition in (VISITS, SCORES, JOURNAL):
        inputs.add_buffer(partition, position=0, arrival=0).start(token=1)
    control_state = control_state or ControlState()
    decider = decider or CountingDecider()
    sources = [Partition("web-visits", 0), Partition("scoring-events", 0)]

    async def log_ends(partitions: list[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, log_end)

    def open_consumer(_isolation: str) -> Any:
        raise AssertionError("only the buffers are read")

    return Slot(
        settings=settings,
        partitions=OutputPartitions(0, 1, settings.prefix, JOURNAL.topic, CHANGELOG.topic),
        producer=producer or FakeProducer(),  # type: ignore[arg-type]  # as much of a SlotProducer as a slot uses
        ingest=ingest,
        decider=decider,
        local_rows=local_rows or NoLocalRows(),
        inputs=inputs,
        tick_scheduler=TickScheduler(
            settings, control_state, SourcePartitions(sources, seen_at=1 << 50), decider.known_release
        ),
        ends={},
        transaction_partitions=[],
        log_ends=log_ends,
        backfill_tools=BackfillTools(open_consumer, Throttle(), settings.data_dir),
        on_commit=lambda _slot, _batch: None,
        diagnose_error=same_error,
    )


def restore_checkpoint(slot: Slot, checkpoint: SlotCheckpoint) -> None:
    """Restores the slot from a former owner's checkpoint."""
    slot.restore(CHECKPOINT_KEY, checkpoint_records.encode(checkpoint))


def committed_records(slot: Slot) -> dict[Partition, list[FakeBatchRecord]]:
    """The records that the slot's producer committed."""
    producer: Any = slot._producer
    assert isinstance(producer, FakeProducer)
    return producer.committed
