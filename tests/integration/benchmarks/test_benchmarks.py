"""The benchmarks in a small size: their results must be exact; their speed does not matter here."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from benchmarks.backfill.measure import BackfillSize
from benchmarks.backfill.measure import measure as measure_backfill
from benchmarks.contact_stores.measure import TEMPLATES
from benchmarks.contact_stores.measure import measure as measure_stores
from benchmarks.figures import write_result
from benchmarks.live_edit.edits import select_edits
from benchmarks.live_edit.measure import measure as measure_edits
from benchmarks.live_edit.session import TrafficSize
from benchmarks.scaling.join import JoinPlan
from benchmarks.scaling.measure import BacklogPlan
from benchmarks.scaling.measure import measure as measure_scaling
from benchmarks.side_by_side.cells import Cell, RunPlace
from benchmarks.side_by_side.events import EventPlan
from benchmarks.side_by_side.measure import Measurement
from benchmarks.time_exits.measure import measure as measure_exits
from benchmarks.views.measure import measure as measure_views

pytestmark = pytest.mark.program

PEERS = ["engine", "leadstream", "leadstream-disk", "aiokafka", "kafka-streams-cold"]
EDITS = ("add, held", "edit, longer", "pause for good", "dynamic to static", "superseded")


async def test_all_contacts_leave_once_at_the_exact_instant(kafka: str, tmp_path: Path) -> None:
    result = await measure_exits(kafka, tmp_path, contacts=200, spread=4.0)
    assert result.exact, result
    assert result.out.count == 200
    assert all(spread.count == 50 for spread in result.by_kind.values()), result
    assert result.out.p50 > 0


async def test_memberships_after_live_edits_equal_those_of_a_fresh_start(kafka: str, tmp_path: Path) -> None:
    size = TrafficSize(contacts=100, rate=100.0, first_calm=1.0, calm=0.2)
    result = await measure_edits(kafka, tmp_path, size, select_edits(EDITS), partitions=2)
    assert result.exact, result
    assert result.memberships > 100
    assert [edit.kind for edit in result.edits] == [edit.kind for edit in select_edits(EDITS)]
    assert result.calm.count > 0
    assert all(edit.latency.count for edit in result.edits), result
    write_result(tmp_path / "figures.json", result)
    assert json.loads((tmp_path / "figures.json").read_text())["edits"][0]["kind"] == select_edits(EDITS)[0].kind


async def test_a_release_knows_the_past_of_all_contacts_while_live_events_come(kafka: str, tmp_path: Path) -> None:
    result = await measure_backfill(kafka, tmp_path, BackfillSize(contacts=1_600, rate=100.0, calm=1.0))
    assert result.exact, result
    assert result.members >= 300
    assert result.calm.count > 0
    assert result.decides > 0
    assert result.settled > 0


async def test_the_whole_path_and_its_peers_end_with_the_same_memberships(kafka: str, tmp_path: Path) -> None:
    # The peers whose packages this project has itself: the others are installed by the benchmark only.
    place = RunPlace(kafka, os.getpid(), tmp_path, Path(sys.executable), streams_command=None)
    lines: list[str] = []
    measurement = Measurement(PEERS, 1, 30.0, lines.append)
    cell = Cell(EventPlan(contacts=50, events=500, changes="many", segment_count=20))
    result = await measurement.measure_cell(cell, place)
    assert not result.failures, result
    assert result.peers() == PEERS[:-1]
    assert result.different_peers() == []
    assert len(result.runs[0].members) > 50
    assert any("kafka-streams-cold is left out" in line for line in lines)


async def test_more_workers_end_with_the_memberships_of_one_and_a_join_loses_nothing(
    kafka: str, tmp_path: Path
) -> None:
    events = EventPlan(contacts=60, events=400, changes="few", segment_count=20, has_probes=True)
    size = TrafficSize(contacts=60, rate=80.0, first_calm=2.0, calm=0.5)
    result = await measure_scaling(
        kafka, tmp_path, BacklogPlan(events, workers=[1, 2], rounds=1), JoinPlan(size, slots=4, joins=1)
    )
    assert result.exact, result
    assert [run.events for run in result.backlog] == [500, 500]
    assert [sorted(map(len, run.worker_slots.values())) for run in result.backlog] == [[8], [4, 4]]
    assert result.backlog[0].member_count == result.backlog[1].member_count > 20
    assert result.join is not None
    assert result.join.memberships > 60
    # Two workers with two slots each: one gives a slot, the other keeps both.
    for change in (result.join.joins, result.join.departures):
        assert (change.kept.count, change.moved.count) == (3, 1)
    write_result(tmp_path / "figures.json", result)
    assert json.loads((tmp_path / "figures.json").read_text())["backlog"][1]["workers"] == 2


async def test_contacts_on_disk_and_in_memory_are_all_restored_and_decided(kafka: str, tmp_path: Path) -> None:
    place = RunPlace(kafka, os.getpid(), tmp_path, Path(sys.executable), streams_command=None)
    result = await measure_stores(place, contacts=TEMPLATES + 500, events=200, rounds=1)
    assert result.exact, result
    assert [turn.store for turn in result.turns] == ["disk", "memory"]
    disk, memory = result.turns
    assert disk.warm.rows < TEMPLATES  # those that the killed process had not written yet
    assert memory.warm.rows >= result.contacts
    assert all(turn.cpu_us > 0 and turn.anonymous_mb > 0 for turn in result.turns)


async def test_read_models_have_every_member_and_every_change_once(kafka: str, tmp_path: Path) -> None:
    result = await measure_views(kafka, tmp_path, members=500, pages=20, commits=20)
    assert result.exact, result
    assert result.pages.count == 20
    assert result.pages_during_rebuild.count > 0
    assert result.visible_p50_ms > 0
