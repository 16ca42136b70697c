"""The report of a process that works on slots: lag, what holds time back, what hangs, what it has done."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from streams.clock import now_ms
from streams.kafka.partitions import Partition
from streams.metrics import catalog
from streams.metrics.catalog import METRICS
from streams.metrics.report import ProcessReport, decode
from streams.metrics.slots import STEP_SECONDS, lag_seconds, slots_report, source_lag
from streams.runtime.inputs.partition_buffer import FetchEnds, PartitionBuffer
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.slot_manager import SlotManager
from streams.runtime.time.claims import Claim
from streams.settings import Settings
from tests.harness.runtime.counting_program import counting_spec
from tests.harness.runtime.fake_slot import JOURNAL, VISITS, fake_slot, same_error
from tests.harness.runtime.slot_records import enqueue_input, event_value, transact

NAME = Partition("web-visits", 0)


def manager_with(slot: Slot | None = None, clock: str = "wall") -> SlotManager:
    """A slot manager that was never started, with one slot."""
    app: Any = SimpleNamespace(consumer=SimpleNamespace(fetch_thread=SimpleNamespace(ends={})))
    settings = Settings(prefix="p-", partitions=1, clock=clock)
    manager = SlotManager(app, counting_spec(1), settings, "w1", same_error)
    manager.source_watch.sources.update({NAME.topic: 1}, asked_at=now_ms())
    if slot is not None:
        manager.slots[0] = slot
    return manager


def report_of(manager: SlotManager | None) -> ProcessReport:
    return decode(slots_report(manager))


def values_of(report: ProcessReport) -> Mapping[tuple[str, ...], float]:
    """Every value by its metric and labels."""
    values = {(value.metric, *value.labels): value.value for value in report.values}
    assert len(values) == len(report.values)
    return values


def buffer_at(position: int, *, token: int | None = 1, claim: int = 0) -> PartitionBuffer:
    buffer = PartitionBuffer(VISITS, position)
    buffer.claim = claim
    if token is not None:
        buffer.start(token)
    return buffer


def ends(position: int, high: int, *, stable: int | None = None, delivered: int | None = None) -> FetchEnds:
    return FetchEnds(1, 50_000, position if delivered is None else delivered, position, stable or high, high)


async def test_every_value_is_one_of_a_metric_with_its_labels() -> None:
    for value in report_of(manager_with(fake_slot())).values:
        metric = METRICS[value.metric]
        assert len(value.labels) == len(metric.labels)
        assert len(value.counts) == (len(metric.bounds) + 1 if metric.bounds else 0)


def test_a_process_that_waits_for_its_topics_is_not_ready() -> None:
    report = report_of(None)
    assert report.ready_since is None
    assert {value.metric for value in report.values} == {catalog.PROCESS_CPU.name, catalog.PROCESS_MEMORY.name}


async def test_a_process_is_ready_from_its_work_on_and_not_during_a_rebalance() -> None:
    manager = manager_with(fake_slot())
    assert report_of(manager).ready_since is None
    manager.working_since = 1_000
    assert report_of(manager).ready_since == 1_000
    await manager.suspend()
    assert report_of(manager).ready_since is None


async def test_a_slot_says_since_when_it_works_here() -> None:
    slot = fake_slot()
    assert report_of(manager_with(slot)).slots[0].since == 0
    slot.probe.pace.begin_look()
    assert report_of(manager_with(slot)).slots[0].since > 0


async def test_a_slot_that_is_too_long_at_one_step_hangs() -> None:
    slot = fake_slot()
    pace = slot.probe.pace
    pace.begin_look()
    assert report_of(manager_with(slot)).hangs == ()
    assert pace._look_began is not None
    pace._look_began -= STEP_SECONDS + 1
    [hang] = report_of(manager_with(slot)).hangs
    assert hang.startswith("slot 0 has been at one step for 6")
    await pace.await_wake([0])
    assert report_of(manager_with(slot)).hangs == (), "a slot that waits does not hang"


async def test_what_was_committed_is_counted() -> None:
    slot = fake_slot()
    manager = manager_with(slot)
    slot._on_commit = manager._handle_commit
    manager.claim_publisher.review_need = lambda: None  # type: ignore[method-assign]
    enqueue_input(slot, VISITS, (b"c1", event_value(1)), (b"c1", b"broken"))
    assert await transact(slot)
    values = values_of(report_of(manager))
    assert values[catalog.SOURCE_RECORDS.name, "web-visits"] == 2
    assert values[catalog.DEAD_LETTERS.name, "bad"] == 1
    assert values[catalog.OUTPUTS.name, "dead-letters", "dead_letter"] == 1
    assert values[catalog.TRANSACTION_SECONDS.name,] > 0
    counts = next(value.counts for value in report_of(manager).values if value.counts)
    assert sum(counts) == 1


async def test_a_partition_outside_its_log_is_named() -> None:
    slot = fake_slot()
    slot.buffers[VISITS].stop_reason = "position 5 is outside the log, which holds 7 to 9"
    report = report_of(manager_with(slot))
    assert report.problems == ("web-visits:0 is not read: position 5 is outside the log, which holds 7 to 9",)
    values = values_of(report)
    assert values[catalog.SOURCE_STOPPED.name, "web-visits", "0"] == 1
    assert values[catalog.SOURCE_STOPPED.name, "scoring-events", "0"] == 0


async def test_the_partition_that_time_waits_for_is_named_with_the_reason() -> None:
    manager = manager_with(fake_slot())
    claims = manager.control_topics.control_state.claims
    claims.add(NAME, Claim(claim=5_000, position=1, stable=1, high=2, stuck=100), timestamp=10_000)
    values = values_of(report_of(manager))
    assert values[catalog.HOLD.name, "web-visits", "0", "open_transaction"] > 1_000
    assert values[catalog.SOURCE_LEFT_OUT.name, "web-visits", "0"] == 0
    claims.add(NAME, Claim(claim=5_000, position=1, stable=1, high=2, stuck=1 << 40), timestamp=10_000)
    values = values_of(report_of(manager))
    assert values[catalog.SOURCE_LEFT_OUT.name, "web-visits", "0"] == 1
    assert catalog.HOLD.name not in {name for name, *_ in values}, "nothing waits for it any more"


async def test_a_partition_that_nobody_has_read_holds_time_since_the_worker_knows_it() -> None:
    manager = manager_with(fake_slot())
    manager.source_watch.sources.known_since[NAME] -= 90_000
    manager.source_watch.sources.update({NAME.topic: 1}, asked_at=now_ms())
    seconds = values_of(report_of(manager))[catalog.HOLD.name, "web-visits", "0", "not_read"]
    assert 90 <= seconds < 180


async def test_journal_records_that_are_read_and_not_decided_are_lag() -> None:
    slot = fake_slot()
    slot.buffers[JOURNAL].committed_position = 7
    slot.checkpoint.feeds["journal:0"] = 4
    assert values_of(report_of(manager_with(slot)))[catalog.JOURNAL_LAG.name, "0"] == 3


@pytest.mark.parametrize(
    ("buffer", "end", "records"),
    [
        pytest.param(buffer_at(3), ends(3, 10), 7, id="unread records"),
        pytest.param(buffer_at(10), ends(10, 10), 0, id="none"),
        pytest.param(buffer_at(9), ends(10, 10, delivered=9), 0, id="the end of a transaction is no record"),
        pytest.param(buffer_at(3), None, 0, id="nothing known yet"),
    ],
)
def test_the_lag_of_a_partition(buffer: PartitionBuffer, end: FetchEnds | None, records: int) -> None:
    assert source_lag(buffer, end) == records


def test_how_long_the_oldest_record_may_have_waited() -> None:
    assert lag_seconds(buffer_at(10, claim=40_000), ends(10, 10), now=50_500) == 0.5
    assert lag_seconds(buffer_at(3, claim=40_000), ends(3, 10), now=50_500) == 10.5
