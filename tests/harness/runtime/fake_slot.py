"""A slot without a broker: its producer keeps what it is given, its feeds are fed by the test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from streams.kafka.batches import Outbox
from streams.kafka.partitions import Partition
from streams.runtime.backfill.throttle import Pace
from streams.runtime.inputs.partition_buffer import Feed
from streams.runtime.inputs.slot_inputs import Intake
from streams.runtime.output_partitions import Places
from streams.runtime.protocols import Decider, Ingest
from streams.runtime.slots.slot import Slot
from streams.runtime.time.ticks import Announced, Clockwork
from streams.settings import Settings
from tests.harness.runtime.counting_program import Counter, take

VISITS = Partition("p-web-visits", 0)
SCORES = Partition("p-scoring-events", 0)
JOURNAL = Partition("p-journal", 0)
CHANGELOG = Partition("p-changelog", 0)


class ForgedBatch:
    """A batch that keeps its records; `room` is how many fit."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.records: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]] = []

    def append(self, *, timestamp: None, key: bytes | None, value: bytes | None, headers: Any) -> object | None:
        """None when it is full."""
        if len(self.records) == self.room:
            return None
        self.records.append((key, value, headers))
        return self

    def record_count(self) -> int:
        """How many it holds."""
        return len(self.records)


@dataclass
class ForgedProducer:
    """A slot's producer; `written` is what was committed, per partition and in order."""

    id: str = "p-slot-0"
    written: dict[Partition, list[tuple[bytes | None, bytes | None, Any]]] = field(default_factory=dict)
    unsure: bool = False
    renewed: int = 0

    def create_batch(self) -> ForgedBatch:
        """An empty batch."""
        return ForgedBatch()

    def outbox(self) -> Outbox:
        """An empty outbox."""
        return Outbox(self)

    async def write(self, outbox: Outbox) -> dict[Partition, int]:
        """Commits all; offsets count records and one marker a transaction."""
        last = {}
        for target, batch in outbox.batches():
            log = self.written.setdefault(target, [])
            log.extend(batch.records)
            last[target] = len(log) - 1
        return last

    def is_unsure(self) -> bool:
        """Whether an EndTxn had no answer."""
        return self.unsure

    async def renew(self) -> None:
        """A new epoch."""
        self.renewed += 1
        self.unsure = False


@dataclass
class NoFlow:
    """Notes which partitions were asked to pause."""

    full: set[Partition] = field(default_factory=set)

    def on_buffer_full(self, tp: Partition) -> None:
        """Pauses."""
        self.full.add(tp)

    def on_buffer_drop(self, tp: Partition) -> None:
        """Flows again."""
        self.full.discard(tp)


def forged_slot(
    settings: Settings | None = None,
    decider: Decider | None = None,
    ingest: Ingest = take,
    announced: Announced | None = None,
    log_end: int = 0,
) -> Slot:
    """Slot 0 of one, with two in-topic partitions, taken over and sought to the beginning."""
    settings = settings or Settings(prefix="p-", clock="events", partitions=1)
    intake = Intake(JOURNAL, NoFlow())
    for partition in (VISITS, SCORES, JOURNAL):
        feed = intake.feeds[partition] = Feed(partition, next=0)
        feed.begin(token=1)
    announced = announced or Announced()
    bare = [Partition("web-visits", 0), Partition("scoring-events", 0)]

    async def log_ends(partitions: list[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, log_end)

    def reader(_isolation: str) -> Any:
        raise AssertionError("nothing is read beside the feeds")

    return Slot(
        settings=settings,
        places=Places.of(settings, 0, 1, JOURNAL.topic, CHANGELOG.topic),
        producer=ForgedProducer(),  # type: ignore[arg-type]  # a forged one
        program=(ingest, decider or Counter()),
        intake=intake,
        clockwork=Clockwork(settings, announced, bare),
        ends={},
        writes_to=[],
        log_ends=log_ends,
        reader=reader,
        pace=Pace(),
    )


def written(slot: Slot) -> dict[Partition, list[tuple[bytes | None, bytes | None, Any]]]:
    """What the slot's producer committed."""
    producer: Any = slot.producer
    assert isinstance(producer, ForgedProducer)
    return producer.written
