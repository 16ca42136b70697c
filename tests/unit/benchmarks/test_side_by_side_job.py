"""The job of the benchmark: always the same, and decided alike by the engine and by the Python functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec
import pytest

from benchmarks.engine_partition import EnginePartition
from benchmarks.side_by_side.cells import Cell
from benchmarks.side_by_side.events import EventPlan, JobEvent
from benchmarks.side_by_side.peers.job import SegmentJob, State, new_state
from benchmarks.side_by_side.segments import CHANGES, Changes, VisitCount, neutral_document
from schemas.topics import SEGMENT_CHANGES

PLAN = EventPlan(contacts=30, events=1_500, changes="many", segment_count=60)


@pytest.mark.parametrize("changes", CHANGES)
def test_engine_and_python_functions_end_with_the_same_memberships(changes: Changes) -> None:
    cell = Cell(replace(PLAN, changes=changes))
    events = list(cell.events())
    assert engine_members(cell, events) == python_members(cell, events)


def test_some_contacts_leave_segments_because_a_window_ends() -> None:
    cell = Cell(PLAN)
    without_windows = [
        each for each in cell.segments if not any(isinstance(leaf, VisitCount) for leaf in each.leaves)
    ]
    assert 0.5 < len(without_windows) / len(cell.segments) < 0.9
    partition = EnginePartition(cell.segments)
    outputs = partition.decide(list(cell.events())).outputs
    changes = [msgspec.json.decode(each.value or b"") for each in outputs if each.topic == SEGMENT_CHANGES.name]
    assert "clock" in {change["cause"]["kind"] for change in changes if change["type"] == "segment.exited"}


def test_the_kinds_of_events_change_as_many_memberships_as_they_say() -> None:
    changes = {kind: changes_per_event(kind) for kind in CHANGES}
    assert changes["none"] == 0
    assert 0 < changes["few"] <= 2
    assert changes["many"] > 0


def test_many_segments_change_few_memberships_where_that_is_asked() -> None:
    plan = replace(PLAN, changes="few", segment_count=2_000, events=300)
    assert 0 < changes_per_event("few", plan) <= 2


def test_the_same_plan_makes_the_same_events_and_segments() -> None:
    assert list(Cell(PLAN).events()) == list(Cell(PLAN).events())
    assert Cell(PLAN).segments == Cell(PLAN).segments
    assert list(Cell(replace(PLAN, seed=2)).events()) != list(Cell(PLAN).events())


def engine_members(cell: Cell, events: list[JobEvent]) -> set[tuple[str, str]]:
    """Segment and contact of each membership that the engine decides."""
    partition = EnginePartition(cell.segments)
    partition.decide(events)
    return {(segment, contact.id) for contact in partition.decider.contacts() for segment in contact.members}


def python_members(cell: Cell, events: Iterable[JobEvent]) -> set[tuple[str, str]]:
    """Those of the Python peers."""
    job = SegmentJob([neutral_document(segment) for segment in cell.segments])
    states: dict[str, State] = {}
    for event in events:
        fields = msgspec.json.decode(event.value)
        job.apply(fields, states.setdefault(fields["contact"], new_state()))
    return {(segment, contact) for contact, state in states.items() for segment in state["members"]}


def changes_per_event(changes: Changes, plan: EventPlan = PLAN) -> float:
    """How many segment changes the engine makes of an event after all contacts are there."""
    cell = Cell(replace(plan, changes=changes))
    partition = EnginePartition(cell.segments)
    events = list(cell.events())
    partition.decide(events[: plan.contacts])
    outputs = partition.decide(events[plan.contacts :]).outputs
    return sum(output.topic == SEGMENT_CHANGES.name for output in outputs) / plan.events
