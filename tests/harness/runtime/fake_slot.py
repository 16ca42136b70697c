"""A slot without a broker: its producer keeps what it is given, its feeds are fed by the test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from streams.kafka.batches import BatchWriter
from streams.kafka.partitions import Partition
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.inputs.partition_buffer import PartitionBuffer
from streams.runtime.inputs.slot_inputs import SlotInputs
from streams.runtime.output_partitions import OutputPartitions
from streams.runtime.protocols import Decider, Ingest
from streams.runtime.slots.slot import Slot
from streams.runtime.time.ticks import ControlState, TickScheduler
from streams.settings import Settings
from tests.harness.runtime.counting_program import CountingDecider, ingest_event

VISITS = Partition("p-web-visits", 0)
SCORES = Partition("p-scoring-events", 0)
JOURNAL = Partition("p-journal", 0)
CHANGELOG = Partition("p-changelog", 0)

Headers = list[tuple[str, bytes]]
_NO_HEADERS: Headers = []


class FakeBatch:
    """A batch that keeps its records; `room` is how many fit."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.records: list[tuple[bytes | None, bytes | None, Headers]] = []

    def append(
        self, *, timestamp: int | None, key: bytes | None, value: bytes | None, headers: Headers = _NO_HEADERS
    ) -> object | None:
        """None when it is full."""
        if len(self.records) == self.room:
            return None
        self.records.append((key, value, headers))
        return self

    def record_count(self) -> int:
        """How many it holds."""
        return len(self.records)

    def close(self) -> None:
        """Nothing: it is never sent."""


@dataclass
class FakeProducer:
    """A slot's producer; `written` is what was committed, per partition and in order."""

    id: str = "p-slot-0"
    committed: dict[Partition, list[tuple[bytes | None, bytes | None, Any]]] = field(default_factory=dict)
    unanswered_end: bool = False
    renewed: int = 0

    def create_batch(self) -> FakeBatch:
        """An empty batch."""
        return FakeBatch()

    def new_batch_writer(self) -> BatchWriter:
        """An empty outbox."""
        return BatchWriter(self)

    async def write(self, writer: BatchWriter) -> dict[Partition, int]:
        """Commits all; offsets count records and one marker a transaction."""
        last = {}
        for target, batch in writer.batches():
            assert isinstance(batch, FakeBatch)
            log = self.committed.setdefault(target, [])
            log.extend(batch.records)
            last[target] = len(log) - 1
        return last

    def has_unanswered_end(self) -> bool:
        """Whether an EndTxn had no answer."""
        return self.unanswered_end

    async def renew_epoch(self) -> None:
        """A new epoch."""
        self.renewed += 1
        self.unanswered_end = False


@dataclass
class FakeFlowControl:
    """Notes which partitions were asked to pause."""

    paused: set[Partition] = field(default_factory=set)

    def on_buffer_full(self, tp: Partition) -> None:
        """Pauses."""
        self.paused.add(tp)

    def on_buffer_drop(self, tp: Partition) -> None:
        """Flows again."""
        self.paused.discard(tp)


def fake_slot(
    settings: Settings | None = None,
    decider: Decider | None = None,
    ingest: Ingest = ingest_event,
    control_state: ControlState | None = None,
    log_end: int = 0,
) -> Slot:
    """Slot 0 of one, with two in-topic partitions, taken over and sought to the beginning."""
    settings = settings or Settings(prefix="p-", clock="events", partitions=1)
    intake = SlotInputs(JOURNAL, FakeFlowControl())
    for partition in (VISITS, SCORES, JOURNAL):
        feed = intake.buffers[partition] = PartitionBuffer(partition, committed_position=0)
        feed.start(token=1)
    control_state = control_state or ControlState()
    bare = [Partition("web-visits", 0), Partition("scoring-events", 0)]

    async def log_ends(partitions: list[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, log_end)

    def reader(_isolation: str) -> Any:
        raise AssertionError("nothing is read beside the feeds")

    return Slot(
        settings=settings,
        partitions=OutputPartitions.for_slot(settings, 0, 1, JOURNAL.topic, CHANGELOG.topic),
        producer=FakeProducer(),  # type: ignore[arg-type]  # a forged one
        program=(ingest, decider or CountingDecider()),
        inputs=intake,
        tick_scheduler=TickScheduler(settings, control_state, bare),
        ends={},
        transaction_partitions=[],
        log_ends=log_ends,
        open_consumer=reader,
        throttle=Throttle(),
    )


def committed_records(slot: Slot) -> dict[Partition, list[tuple[bytes | None, bytes | None, Any]]]:
    """What the slot's producer committed."""
    producer: Any = slot.producer
    assert isinstance(producer, FakeProducer)
    return producer.committed
