"""A transaction makes spans of the records whose trace is sampled once it is committed, and of nothing else."""

from __future__ import annotations

import time

from streams.engine.journal import records
from streams.kafka.batches import Headers
from streams.kafka.partitions import Partition
from streams.runtime.faust.runs import FetchedRun
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.traced_records import TracedRecords
from streams.runtime.slots.transaction import TransactionBatch
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.fake_slot import JOURNAL, VISITS, committed_records, fake_slot
from tests.harness.runtime.slot_records import event_value, transact
from tests.harness.tracing.memory_recorder import SAMPLED, UNSAMPLED, MemoryRecorder


def traced_slot(recorder: MemoryRecorder) -> Slot:
    """A slot that makes spans as the slot manager does."""
    slot = fake_slot()
    slot._is_traced = True

    def make_spans(_slot: Slot, batch: TransactionBatch) -> None:
        assert batch.traced is not None
        batch.traced.record(recorder, slot.number, batch.began)

    slot._on_commit = make_spans
    return slot


def enqueue(slot: Slot, partition: Partition, value: bytes, headers: Headers) -> None:
    buffer = slot.buffers[partition]
    start = buffer.fetch_position
    record = FakeRecord(partition.topic, 0, start, 1_000, b"c1", value, headers)
    assert slot.enqueue(FetchedRun([record], start, start + 1, buffer.token or 0, 1 << 50), partition)


async def test_an_event_has_a_span_when_it_is_journaled_and_one_when_it_is_decided() -> None:
    recorder = MemoryRecorder()
    slot = traced_slot(recorder)
    began = time.time_ns()
    for number, headers in enumerate((SAMPLED, UNSAMPLED, ()), start=1):
        enqueue(slot, VISITS, event_value(number), headers)
    assert await transact(slot)
    [validated] = recorder.steps
    assert (validated.name, validated.kind, validated.trace) == ("validate web-visits", "consumer", SAMPLED)
    assert began - 1_000_000 <= validated.began <= validated.ended <= time.time_ns()
    assert validated.error is None
    assert validated.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.name": "validate",
        "messaging.operation.type": "process",
        "messaging.destination.name": "web-visits",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "leadstream.slot": 0,
    }
    journaled = committed_records(slot)[JOURNAL]
    assert len(journaled) == 3
    for offset, (key, value, trace) in enumerate(journaled):
        assert records.decode(value or b"")
        record = FakeRecord(JOURNAL.topic, 0, offset, 1_000, key, value, tuple(trace))
        assert slot.enqueue(FetchedRun([record], offset, offset + 1, 1, 1 << 50), JOURNAL)
    assert await transact(slot)
    [_, decided] = recorder.steps
    assert (decided.name, decided.trace, decided.error) == ("decide journal", SAMPLED, None)
    assert decided.attributes["messaging.kafka.offset"] == 0


async def test_the_span_of_a_refused_event_has_the_code_of_its_dead_letter() -> None:
    recorder = MemoryRecorder()
    slot = traced_slot(recorder)
    enqueue(slot, VISITS, b"{", UNSAMPLED)
    enqueue(slot, VISITS, b"{", SAMPLED)
    enqueue(slot, VISITS, event_value(1), SAMPLED)
    assert await transact(slot)
    assert [step.error for step in recorder.steps] == ["bad", None]


async def test_a_slot_without_spans_collects_nothing() -> None:
    slot = fake_slot()
    enqueue(slot, VISITS, event_value(1), SAMPLED)
    assert slot._new_batch().traced is None
    assert await transact(slot)
    assert committed_records(slot)[JOURNAL]


def test_a_transaction_without_traces_makes_no_span() -> None:
    recorder = MemoryRecorder()
    TracedRecords().record(recorder, 0, time.monotonic())
    assert recorder.steps == []
