"""The scaling benchmark: who has which slots, how long each is disturbed, and which changes are wrong."""

from __future__ import annotations

from typing import Any

from benchmarks.figures import LatencyStats
from benchmarks.live_edit.observer import Probe
from benchmarks.scaling.backlog import BacklogRun, check_changes, with_probes
from benchmarks.scaling.disturbance import (
    STEADY_PROBES,
    DisturbanceFigures,
    GroupRebalance,
    SlotDisturbance,
    measure_slot,
    slow_from,
)
from benchmarks.scaling.measure import BacklogPlan
from benchmarks.scaling.result import ScalingResult
from benchmarks.scaling.shares import WorkerRebalance, worker_rebalances, working_slots
from benchmarks.side_by_side.events import EventGenerator, EventPlan

SLOW = 200.0


def entry(event: str, second: float, **fields: Any) -> dict[str, Any]:
    """A line of a worker's log, `second` seconds after the epoch."""
    return {"event": event, "timestamp": f"1970-01-01T00:00:{second:09.6f}Z", **fields}


def test_a_rebalance_lasts_from_the_stop_until_the_worker_works() -> None:
    entries = [
        entry("working", 1, slots=[0, 1]),
        entry("rested", 2.5, ms=500),
        entry("take-over", 3),
        entry("working", 4, slots=[0]),
    ]
    first, second = worker_rebalances("w0", entries)
    assert first == WorkerRebalance("w0", 1_000, 1_000, frozenset(), frozenset({0, 1}))
    assert second == WorkerRebalance("w0", 2_000, 4_000, frozenset({0, 1}), frozenset({0}))
    assert working_slots(entries) == {0}
    assert working_slots(entries[:3]) == frozenset()


def test_a_rebalance_that_is_interrupted_ends_with_the_next() -> None:
    entries = [entry("rested", 1, ms=0), entry("rested", 2, ms=0), entry("working", 3, slots=[0])]
    assert worker_rebalances("w0", entries) == [WorkerRebalance("w0", 1_000, 3_000, frozenset(), frozenset({0}))]


def test_a_worker_that_leaves_has_no_slots_afterwards() -> None:
    entries = [entry("working", 1, slots=[2]), entry("rested", 2, ms=0), entry("closed", 3)]
    assert worker_rebalances("w2", entries)[1:] == [WorkerRebalance("w2", 2_000, 3_000, frozenset({2}), frozenset())]


def join() -> GroupRebalance:
    """A third worker takes slot 1, and works later than the others."""
    return GroupRebalance(
        [
            WorkerRebalance("w0", 1_000, 1_500, frozenset({0, 1}), frozenset({0})),
            WorkerRebalance("w1", 1_100, 1_500, frozenset({2}), frozenset({2})),
            WorkerRebalance("w2", 1_200, 3_000, frozenset(), frozenset({1})),
        ]
    )


def test_slots_stay_or_move_and_each_has_its_own_pause() -> None:
    assert [join().is_kept(slot) for slot in (0, 1, 2)] == [True, False, True]
    assert [join().pause(slot) for slot in (0, 1, 2)] == [(1_000, 1_500), (1_000, 3_000), (1_100, 1_500)]
    assert (join().began, join().ended) == (1_000, 3_000)
    assert join().slots() == {0, 1, 2}


def probes(*latencies: tuple[float, float]) -> list[Probe]:
    """Live events of a slot: when they were sent, and their latency (ms)."""
    return [Probe(sent_at, latency, 0) for sent_at, latency in latencies]


def test_a_disturbance_ends_with_the_arrival_of_the_last_slow_event() -> None:
    seen = probes((500, 30), (990, 700), (1_400, 290), (1_600, 40), (1_610, 250), (1_700, 30))
    assert measure_slot(0, join(), seen, SLOW) == SlotDisturbance(0, pause=500, length=860, most=700)


def test_a_slow_event_long_after_it_is_none_of_its_disturbance() -> None:
    usual = [(1_600.0 + number, 30.0) for number in range(STEADY_PROBES)]
    assert measure_slot(0, join(), probes((990, 700), *usual, (9_000, 900)), SLOW).length == 690


def test_a_slot_without_slow_events_is_not_disturbed() -> None:
    assert measure_slot(0, join(), probes((900, 110), (1_450, 90)), SLOW).length == 0


def test_the_figures_say_how_much_longer_than_their_pauses_slots_are_disturbed() -> None:
    figures = DisturbanceFigures.from_slots([SlotDisturbance(0, 500, 860, 700), SlotDisturbance(2, 400, 300, 250)])
    assert (figures.count, figures.most, figures.longer.most, figures.longer.p50) == (2, 700, 360, 0)


def test_what_is_slow_depends_on_the_calm() -> None:
    assert slow_from(LatencyStats(1, 10, 20, 30)) == 70
    assert slow_from(LatencyStats(1, 10, 200, 300)) == 400


def change(contact: str, kind: str, event: str | None = None) -> dict[str, Any]:
    cause = {"time": "2026-01-01T00:00:00Z"} if event is None else {"event": event}
    return {"segment": "s", "contact": contact, "type": f"segment.{kind}", "cause": cause}


def test_changes_that_take_turns_are_right() -> None:
    changes = [change("a", "entered", "probe-1"), change("b", "entered"), change("a", "exited", "probe-2")]
    assert check_changes(changes, probe_count=2) == (frozenset({("s", "b")}), {})


def test_a_change_that_comes_twice_and_one_that_is_lost_are_wrong() -> None:
    changes = [change("a", "entered", "probe-1"), change("a", "entered", "probe-1")]
    _, wrong = check_changes(changes, probe_count=2)
    assert wrong == {"told twice: s": 1, "probes with several changes": 1, "probes without a change": 1}


def test_a_backlog_has_a_probe_after_every_fourth_event() -> None:
    plan = EventPlan(contacts=5, events=9, changes="few", segment_count=10, has_probes=True)
    events = list(with_probes(EventGenerator(plan), plan))
    assert [b'"probe-' in event.value for event in events] == [False] * 4 + [True] + [False] * 4 + [True, False]


def test_the_numbers_of_workers_take_turns() -> None:
    plan = BacklogPlan(EventPlan(5, 9, "few", 10), workers=[1, 4], rounds=2)
    assert list(plan.turns()) == [(0, 1), (0, 4), (1, 1), (1, 4)]


def test_a_result_is_exact_when_no_part_is_wrong() -> None:
    run = BacklogRun(1, 0, events=100, seconds=2.0, cpu_us=50.0)
    both = [run, BacklogRun(2, 0, events=100, seconds=1.0, cpu_us=55.0)]
    result = ScalingResult("a processor", cores=2, backlog=both)
    assert result.exact
    assert "2 workers: 100 events a second (x 2.00), 50 each; 55.0 us CPU of the workers an event (x 1.10)" in str(
        result
    )
    run.wrong["told twice: s"] = 1
    assert not result.exact
