"""How much a slot may decide in one transaction: while events come, a release leaves time to them."""

from __future__ import annotations

import gc
from math import inf

import pytest

from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.runtime.backfill.throttle import FIRST_SLICE_SECONDS, MEASURED_SLICES, Throttle
from streams.runtime.slots.budget import (
    BUSY_BUDGET,
    EVENT_STEP_BUDGET,
    IDLE_BUDGET,
    LOADED_BUDGET,
    RELEASE_BUDGET,
    SLICES_BUDGET,
    DecisionBudget,
)
from tests.harness.engine.engine_driver import START, sound_definitions

RELEASE = sound_definitions({"segments": [{"id": "all", "dynamic": True, "when": {"all": []}}]})


class FakeThrottle(Throttle):
    """Allows decisions or not, as the test says; the seconds that were marked."""

    def __init__(self) -> None:
        super().__init__()
        self.is_free = True
        self.marks: list[float] = []
        self.lasts: list[float] = []

    def may_decide(self, wake: object, last: float = -inf) -> bool:
        del wake
        self.lasts.append(last)
        return self.is_free

    def forget(self) -> None:
        self._reserved = 0.0

    def mark_decisions(self, seconds: float, *, are_of_release: bool = False) -> None:
        del are_of_release
        self.marks.append(seconds)


def visit(offset: int) -> tuple[int, bytes, bytes]:
    event = records.JournalEvent(
        type="web.visited",
        id=f"v{offset}",
        at=START,
        account="default",
        owner=f"c{offset}",
        source=("web-visits", 0, offset),
    )
    return offset, records.event_key("default", f"c{offset}"), records.encode(event)


class Setup:
    """A partition of ten contacts, and its slot's budget."""

    def __init__(self) -> None:
        self.decider = PartitionDecider(0, lambda *_: RELEASE, DEFAULT_ENGINE_SETTINGS)
        self.decider.resume(None)
        for offset in range(10):
            self.decider.feed(*visit(offset))
        self.position = 10
        self.throttle = FakeThrottle()
        self.budget = DecisionBudget(self.decider, self.throttle, print)

    def next(self, *, is_loaded: bool = False) -> Budget | None:
        return self.budget.next(self.position, is_loaded=is_loaded)

    def count_marks(self, budget: Budget) -> int:
        """How often the throttle heard of decisions within the budget."""
        self.throttle.marks.clear()
        with self.budget.measure(budget):
            self.decider.work(budget)
        return len(self.throttle.marks)

    def begin_release(self) -> None:
        """The release has reached some contacts and not all."""
        marker = records.Marker("default", 1, 1, "", None, NEWEST_VERSION)
        self.decider.feed(self.position, records.MARKER_KEY, records.encode(marker))
        self.position += 1
        self.decider.work(Budget(records=12))
        assert self.decider.is_releasing()


def test_without_anything_to_decide_there_is_no_budget() -> None:
    setup = Setup()
    setup.decider.work(IDLE_BUDGET)
    assert setup.next() is None


def test_a_worker_without_events_takes_its_time() -> None:
    setup = Setup()
    assert setup.next() is IDLE_BUDGET
    setup.begin_release()
    setup.throttle.is_free = False
    assert setup.next() is IDLE_BUDGET
    assert setup.next(is_loaded=True) is LOADED_BUDGET


def test_a_slot_without_events_is_as_careful_as_one_with_events() -> None:
    setup = Setup()
    other = DecisionBudget(setup.decider, setup.throttle, print)
    other.mark_busy()
    assert setup.next() is BUSY_BUDGET


def test_what_is_left_of_decisions_is_decided_during_the_commit() -> None:
    setup = Setup()
    setup.budget.mark_busy()
    assert setup.budget.may_overlap(is_loaded=False)
    setup.decider.work(IDLE_BUDGET)
    assert not setup.budget.may_overlap(is_loaded=False)
    assert setup.budget.may_overlap(is_loaded=True)


def assert_events_wait_for_the_commit(budget: DecisionBudget) -> None:
    assert budget.may_overlap(is_loaded=False), "no events come"
    budget.mark_busy()
    assert not budget.may_overlap(is_loaded=False)
    assert budget.may_overlap(is_loaded=True)


def test_beside_a_release_events_wait_for_the_commit_and_are_journaled_and_decided_in_one_transaction() -> None:
    setup = Setup()
    setup.begin_release()
    assert_events_wait_for_the_commit(setup.budget)


def test_beside_a_tick_events_wait_for_the_commit_too() -> None:
    setup = Setup()
    setup.decider.work(IDLE_BUDGET)
    setup.decider.feed(setup.position, records.TICK_KEY, records.encode(records.Tick(START + 1)))
    assert_events_wait_for_the_commit(setup.budget)


def test_while_events_come_a_release_takes_its_turn_or_waits() -> None:
    setup = Setup()
    setup.budget.mark_busy()
    assert setup.next() is BUSY_BUDGET
    assert setup.next(is_loaded=True) is LOADED_BUDGET
    setup.begin_release()
    assert setup.next() is RELEASE_BUDGET
    setup.throttle.is_free = False
    assert setup.next() is None


def test_a_release_says_when_it_went_on_last() -> None:
    setup = Setup()
    setup.budget.mark_busy()
    setup.begin_release()
    setup.next()
    setup.throttle.is_free = False
    setup.next()
    setup.next()
    first, second, third = setup.throttle.lasts
    assert first == -inf
    assert second == third > 0


def test_slices_on_their_way_are_decided_in_one_go() -> None:
    setup = Setup()
    setup.budget.mark_busy()
    setup.throttle.reserve(1)
    assert setup.next() is SLICES_BUDGET
    assert setup.next(is_loaded=True) is LOADED_BUDGET
    setup.begin_release()
    assert setup.next() is RELEASE_BUDGET
    setup.throttle.forget()


def test_events_do_not_wait_for_the_turn_of_a_release() -> None:
    setup = Setup()
    setup.budget.mark_busy()
    setup.begin_release()
    setup.throttle.is_free = False
    setup.decider.feed(*visit(setup.position))
    setup.position += 1
    budget = setup.next()
    assert budget is not None
    assert (budget.seconds, budget.advances_releases) == (BUSY_BUDGET.seconds, False)


def test_only_the_part_of_a_release_counts_for_its_pause_not_the_events_before_it() -> None:
    setup = Setup()
    setup.budget.mark_busy()
    setup.begin_release()
    for _ in range(3):
        setup.decider.feed(*visit(setup.position))
        setup.position += 1
    budget = setup.next()
    assert budget is RELEASE_BUDGET
    marks = [setup.count_marks(step) for step in setup.budget.steps(budget)]
    assert (len(marks) > 1, sum(marks), marks[-1]) == (True, 1, 1)
    assert not setup.decider.has_pending()


def test_a_tick_behind_a_release_waits_for_it() -> None:
    setup = Setup()
    setup.budget.mark_busy()
    setup.begin_release()
    tick = records.encode(records.Tick(START, "default"))
    setup.decider.feed(setup.position, records.TICK_KEY, tick)
    setup.position += 1
    budget = setup.next()
    assert budget is RELEASE_BUDGET
    event_steps = 0
    for step in setup.budget.steps(budget):
        event_steps += step is EVENT_STEP_BUDGET
        with setup.budget.measure(step):
            setup.decider.work(step)
    assert event_steps == 1  # nothing moved in it
    assert not setup.decider.has_pending()


def test_only_decisions_of_slices_and_releases_are_followed_by_a_pause() -> None:
    setup = Setup()
    setup.budget.mark_busy()
    assert setup.count_marks(Budget(records=1)) == 0
    setup.throttle.reserve(1)
    assert setup.count_marks(Budget(records=1)) == 1
    setup.throttle.forget()
    setup.begin_release()
    assert setup.count_marks(Budget(records=1)) == 1
    assert setup.count_marks(Budget(records=1, advances_releases=False)) == 0


def test_the_first_part_of_a_release_counts_too() -> None:
    setup = Setup()
    setup.decider.work(IDLE_BUDGET)
    setup.budget.mark_busy()
    marker = records.Marker("default", 1, 1, "", None, NEWEST_VERSION)
    setup.decider.feed(setup.position, records.MARKER_KEY, records.encode(marker))
    assert setup.count_marks(Budget(records=5)) == 1


def test_the_throttle_hears_how_long_slices_take_and_a_pause_follows_them() -> None:
    setup = Setup()
    setup.decider.work(IDLE_BUDGET)
    setup.budget.mark_busy()
    state = records.BackfilledState(START, {}, {}, [])
    for number in range(MEASURED_SLICES):
        past = records.Slice("default", 1, {f"c{number % 10}": state})
        setup.decider.feed(setup.position, records.SLICE_KEY, records.encode(past))
        setup.position += 1
    assert setup.count_marks(IDLE_BUDGET) == 1
    assert setup.decider.decided_slices() == MEASURED_SLICES
    assert 0 < setup.throttle.slice_seconds < FIRST_SLICE_SECONDS
    assert setup.count_marks(IDLE_BUDGET) == 0


def test_nobody_looks_for_cycles_while_decisions_are_made() -> None:
    setup, phases = Setup(), list[str]()

    def note(phase: str, _: object) -> None:
        phases.append(phase)

    thresholds = gc.get_threshold()
    gc.callbacks.append(note)
    try:
        gc.set_threshold(10)
        with setup.budget.measure(IDLE_BUDGET):
            phases.clear()
            setup.decider.work(IDLE_BUDGET)
            assert not phases
        with pytest.raises(ValueError, match="broken"), setup.budget.measure(IDLE_BUDGET):
            raise ValueError("broken")
        assert gc.isenabled()
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(note)
