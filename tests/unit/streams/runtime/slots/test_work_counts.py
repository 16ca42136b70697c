"""Durations are counted by their bounds; committed transactions by what they hold."""

from __future__ import annotations

from schemas.topics import CRM_RESULTS, LEAD_CHANGES, SEGMENT_CHANGES, SEGMENT_MEMBERS
from streams.app import ledger_spec, pipeline_spec
from streams.engine.journal.refusal_codes import REFUSAL_CODES
from streams.kafka.partitions import Partition
from streams.runtime.slots.work_counts import DurationCounts, WorkCounts
from streams.settings import Settings
from tests.harness.runtime.counting_program import counting_spec
from tests.harness.runtime.fake_slot import SCORES, VISITS, committed_records, fake_slot
from tests.harness.runtime.slot_records import enqueue_input, enqueue_journal, event_value, transact


def test_a_duration_counts_up_to_its_bound() -> None:
    durations = DurationCounts((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 1.0, 7.0):
        durations.add(seconds)
    assert durations.counts == [2, 2, 1]
    assert durations.sum == 8.65


async def test_records_are_counted_where_they_come_from_and_where_they_go() -> None:
    slot, counts = fake_slot(), WorkCounts("p-", counting_spec(1))
    slot._on_commit = lambda _slot, batch: counts.add(batch)
    enqueue_input(slot, VISITS, (b"c1", event_value(1)), (b"c2", b"broken"))
    enqueue_input(slot, SCORES, (b"c1", event_value(2)))
    assert await transact(slot)
    enqueue_journal(slot)
    assert await transact(slot)
    assert (counts.source_records["web-visits"], counts.source_records["scoring-events"]) == (2, 1)
    assert counts.decided_records == 2
    assert counts.outputs["dead-letters", "dead_letter"] == counts.dead_letters["bad"] == 1
    assert sum(counts.transactions.counts) == 2


async def test_outputs_are_counted_by_the_type_that_they_have() -> None:
    slot, counts = fake_slot(), WorkCounts("p-", counting_spec(1))
    slot._on_commit = lambda _slot, batch: counts.add(batch)
    enqueue_input(slot, VISITS, *((b"c1", event_value(number)) for number in range(9)))
    assert await transact(slot)
    enqueue_journal(slot)
    assert await transact(slot)
    written = committed_records(slot)[Partition("p-segment-changes", 0)]
    assert counts.outputs[SEGMENT_CHANGES.name, "counted"] == len(written) > 1


def test_what_may_come_is_counted_from_nought_on() -> None:
    counts = WorkCounts("p-", counting_spec(1))
    assert counts.outputs == {
        (SEGMENT_CHANGES.name, "segment.entered"): 0,
        (SEGMENT_CHANGES.name, "segment.exited"): 0,
        ("dead-letters", "dead_letter"): 0,
    }
    assert REFUSAL_CODES.keys() <= counts.dead_letters.keys()


def test_the_types_that_pipeline_and_ledger_write_are_known() -> None:
    settings = Settings()
    pipeline, ledger = (WorkCounts("", spec(settings)).outputs for spec in (pipeline_spec, ledger_spec))
    assert [kind for topic, kind in pipeline if topic == SEGMENT_MEMBERS.name] == ["segment.member", "tombstone"]
    assert [kind for topic, kind in pipeline if topic == LEAD_CHANGES.name] == [
        "lead.status_changed",
        "lead.points_changed",
    ]
    assert [kind for topic, kind in ledger if topic == CRM_RESULTS.name] == ["crm.outcome"], "the rest is the CRM's"
