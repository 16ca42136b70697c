"""The trace of an event goes with it to the journal and to what is decided of it, and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from streams.engine.decisions.outputs import (
    JournalPosition,
    LeadStatusChange,
    OutputCause,
    OutputNumber,
    OutputTemplate,
    encode_output,
    with_emitted_at,
)
from streams.engine.journal import records
from streams.engine.journal.effects import TOMBSTONE, Append, Effects, Output
from streams.engine.state.contact import Contact
from streams.kafka.batches import RECORD_BYTES, Headers
from streams.kafka.partitions import Partition
from streams.runtime.faust.runs import FetchedRun
from streams.runtime.inputs.traces import JournalTraces
from streams.runtime.slots.slot import Slot
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.fake_slot import JOURNAL, VISITS, committed_records, fake_slot
from tests.harness.runtime.slot_records import event_value, transact

PARENT = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
STATE = ("tracestate", b"vendor=abc")


@pytest.mark.parametrize("name", ["c1", ',"number":{"partition":0,"offset":9,', "\\"])
def test_an_output_has_the_trace_of_the_record_that_it_was_decided_at(name: str) -> None:
    traces = JournalTraces()
    traces.add(7, (PARENT,))
    traces.add(9, (STATE, ("traceparent", PARENT[1].replace(b"0af7", b"1111"))))
    cause = OutputCause(kind="event", event=',"number":{"partition":0,"offset":9,')
    template = OutputTemplate(
        Contact("default", name, created=0, clock=0, settled=0), JournalPosition(0, 7), 1_000, cause
    )
    assert traces.of_output(template.write_change("s", True, b"", 0)) == (PARENT,)
    body = LeadStatusChange(
        type="lead.status_changed",
        account="a",
        contact=name,
        at=1,
        cause=cause,
        campaign="c",
        from_=None,
        to="x",
        points=0,
    )
    value = encode_output(body, "c", OutputNumber(0, 7, 1))
    assert traces.of_output(with_emitted_at(value, 1_000)) == (PARENT,)
    assert traces.of_output(encode_output(body, "c", OutputNumber(0, 8, 1))) == ()
    assert traces.of_output(None) == ()


def test_what_is_decided_is_forgotten() -> None:
    traces = JournalTraces()
    for offset in (3, 4):
        traces.add(offset, (PARENT,))
    traces.forget_before(4)
    assert traces
    traces.forget_before(5)
    assert not traces


def enqueue(slot: Slot, partition: Partition, value: bytes, headers: Headers) -> None:
    """One record with headers."""
    buffer = slot.buffers[partition]
    start = buffer.fetch_position
    record = FakeRecord(partition.topic, 0, start, 1_000, b"c1", value, headers)
    assert slot.enqueue(FetchedRun([record], start, start + 1, buffer.token or 0, 1 << 50), partition)


def journal_headers(slot: Slot) -> Sequence[Headers]:
    return [tuple(headers) for _, _, headers in committed_records(slot).get(JOURNAL, [])]


async def test_the_journal_record_of_an_event_has_its_trace_and_no_other_header() -> None:
    slot = fake_slot()
    enqueue(slot, VISITS, event_value(1), (("h", b"1"), PARENT))
    enqueue(slot, VISITS, event_value(2), (("h", b"1"),))
    assert await transact(slot)
    assert journal_headers(slot) == [(PARENT,), ()]


async def test_an_event_that_leaves_no_room_for_its_trace_is_journaled_without_it() -> None:
    slot = fake_slot()
    batch = slot._new_batch()
    room = RECORD_BYTES - 10
    batch._add_journal_record(Append(b"c1", b"x" * (room - 2)), (PARENT,))
    [(_, written)] = list(batch.writer.batches())
    assert written.records[0][2] == []  # type: ignore[attr-defined]  # a fake batch


async def test_an_output_goes_out_with_the_trace_of_its_record() -> None:
    slot = fake_slot()
    batch = slot._new_batch()
    batch.traces = slot._inputs.traces
    batch.traces.add(7, (PARENT,))
    values = [
        msgspec.json.encode({"type": "t", "at": "x", "number": {"partition": 0, "offset": offset, "ordinal": 0}})
        for offset in (7, 8)
    ]
    outputs = [Output("segment-changes", b"c1", value, "t") for value in values]
    batch.add_effects(Effects(outputs=[*outputs, Output("segment-members", b"c1", None, TOMBSTONE)]), 1_000)
    written = {target.topic: batch.records for target, batch in batch.writer.batches()}  # type: ignore[attr-defined]
    assert [headers for _, _, headers in written["p-segment-changes"]] == [[PARENT], []]
    assert [headers for _, _, headers in written["p-segment-members"]] == [[]]


async def test_traces_go_once_their_records_are_decided() -> None:
    slot = fake_slot()
    enqueue(slot, VISITS, event_value(1), (PARENT,))
    assert await transact(slot)
    [(key, value, headers)] = committed_records(slot)[JOURNAL]
    assert records.decode(value or b"")
    record = FakeRecord(JOURNAL.topic, 0, 0, 1_000, key, value, tuple(headers))
    assert slot.enqueue(FetchedRun([record], 0, 1, slot.buffers[JOURNAL].token or 0, 1 << 50), JOURNAL)
    assert await transact(slot)
    assert not slot._inputs.traces
