"""Leaves with `held_for` are updated when a property or time may have turned them, and not at other instants."""

from __future__ import annotations

import pytest

from streams.engine.conditions.protocols import EvaluationContext, HeldState
from streams.engine.graph.held_timers import HeldIndex, HeldTimers
from streams.engine.state.contact import Contact
from tests.harness.engine.conditions import NOW, compile_dict, contact, evaluation_context
from tests.harness.engine.engine_driver import DAY


class CountedState:
    """A held state that counts how often it is updated."""

    def __init__(self, held_state: HeldState) -> None:
        self._held_state = held_state
        self.key = held_state.key
        self.properties = held_state.properties
        self.updates = 0

    def due(self, context: EvaluationContext) -> int | None:
        return self._held_state.due(context)

    def update(self, contact: Contact, now: int) -> None:
        self.updates += 1
        self._held_state.update(contact, now)

    def catch_up(self, contact: Contact, since: int, now: int) -> None:
        self._held_state.catch_up(contact, since, now)

    def merge_past(self, contact: Contact, earlier: list[int], until: int) -> None:
        self._held_state.merge_past(contact, earlier, until)

    def earliest_needed(self, now: int) -> int | None:
        return self._held_state.earliest_needed(now)


@pytest.fixture
def states() -> tuple[CountedState, CountedState]:
    """One that a property turns, and one that time turns too."""
    pro, soon = {"property": "plan", "eq": "pro"}, {"property": "due", "within_next": "1d"}
    plain, timed = (compile_dict({**leaf, "held_for": "7d"}).held_states[0] for leaf in (pro, soon))
    return CountedState(plain), CountedState(timed)


def test_all_are_updated_at_first(states: tuple[CountedState, CountedState]) -> None:
    plain, timed = states
    ada = contact(properties={"plan": "pro"})
    HeldTimers(HeldIndex(states)).update(ada, (), evaluation_context(ada))
    assert (plain.updates, timed.updates) == (1, 1)
    assert ada.held == {plain.key: [NOW]}


def test_later_those_that_read_a_changed_property(states: tuple[CountedState, CountedState]) -> None:
    plain, timed = states
    ada = contact()
    timers = HeldTimers(HeldIndex(states))
    for instant, changed in ((NOW, ()), (NOW + 1, ("country",)), (NOW + 2, ("plan",)), (NOW + 3, ())):
        timers.update(ada, changed, evaluation_context(ada, instant))
    assert (plain.updates, timed.updates) == (2, 1)


def test_and_those_that_are_due(states: tuple[CountedState, CountedState]) -> None:
    plain, timed = states
    ada = contact(properties={"due": "2026-03-12T12:00:00Z"})
    timers = HeldTimers(HeldIndex(states))
    timers.update(ada, (), evaluation_context(ada))
    assert timers.next_due() == NOW + DAY
    timers.update(ada, (), evaluation_context(ada, NOW + DAY - 1))
    assert timed.updates == 1
    timers.update(ada, (), evaluation_context(ada, NOW + DAY))
    assert (plain.updates, timed.updates) == (1, 2)
    assert ada.held == {timed.key: [NOW + DAY]}
    assert timers.next_due() == NOW + 2 * DAY


def test_and_those_that_turned_false_at_an_instant_until_it_is_over(
    states: tuple[CountedState, CountedState],
) -> None:
    plain, _ = states
    ada = contact(properties={"plan": "pro"})
    timers = HeldTimers(HeldIndex(states))
    timers.update(ada, (), evaluation_context(ada))
    ada.properties["plan"] = "free"
    timers.update(ada, ("plan",), evaluation_context(ada, NOW + 5))
    assert ada.held == {plain.key: [NOW, NOW + 5]}
    timers.update(ada, (), evaluation_context(ada, NOW + 6))
    assert ada.held == {}
    timers.update(ada, (), evaluation_context(ada, NOW + 7))
    assert plain.updates == 3


def test_states_of_other_releases_are_left_alone(states: tuple[CountedState, CountedState]) -> None:
    ada = contact(held={"other": [NOW - 5, NOW - 1]})
    timers = HeldTimers(HeldIndex(states))
    for instant in (NOW, NOW + 1):
        timers.update(ada, (), evaluation_context(ada, instant))
    assert ada.held == {"other": [NOW - 5, NOW - 1]}


def test_without_such_leaves_nothing_is_due() -> None:
    ada = contact()
    timers = HeldTimers(HeldIndex())
    timers.update(ada, ("plan",), evaluation_context(ada))
    assert timers.next_due() is None
