"""`regular`: events in at least so many of the last periods, counted back from now, each half-open like `within`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from streams.engine.conditions.activities.regular import Periods
from streams.engine.conditions.errors import ConditionRefused
from tests.harness.engine.conditions import (
    NOW,
    activity,
    compile_dict,
    contact,
    count_activities,
    evaluation_context,
    holds_after,
    visit,
)

DAY = 86_400_000
DAILY: dict[str, Any] = {"visit": {}, "regular": {"at_least": 3, "of": 4, "each": "1d"}}


def test_visits_in_three_of_the_last_four_days() -> None:
    assert holds_after(DAILY, [visit(NOW - 3 * DAY), visit(NOW - DAY), visit(NOW)], NOW)[0]
    assert not holds_after(DAILY, [visit(NOW - DAY), visit(NOW)], NOW)[0]


def test_many_in_one_period_are_one_period() -> None:
    assert not holds_after(DAILY, [visit(NOW - minute * 60_000) for minute in range(50)], NOW)[0]


def test_periods_roll_and_each_is_half_open() -> None:
    """An event exactly one period ago lies in the period before; the oldest period ends where all of them do."""
    leaf = {"visit": {}, "regular": {"at_least": 2, "of": 2, "each": "1d"}}
    assert holds_after(leaf, [visit(NOW - DAY), visit(NOW)], NOW)[0]
    assert not holds_after(leaf, [visit(NOW - DAY + 1), visit(NOW)], NOW)[0]
    assert holds_after(leaf, [visit(NOW - 2 * DAY + 1), visit(NOW)], NOW)[0]
    assert not holds_after(leaf, [visit(NOW - 2 * DAY), visit(NOW)], NOW)[0]


def test_it_is_due_when_an_instant_moves_to_the_next_period_and_when_the_oldest_leaves() -> None:
    leaf = {"visit": {}, "regular": {"at_least": 2, "of": 2, "each": "1d"}}
    held, person = holds_after(leaf, [visit(NOW - DAY + 1), visit(NOW)], NOW)
    node = compile_dict(leaf).node
    assert not held
    assert node.due(evaluation_context(person, NOW)) == NOW + 1
    assert [node.holds(evaluation_context(person, at)) for at in (NOW, NOW + 1, NOW + 2)] == [False, True, True]
    change = NOW + DAY
    assert node.due(evaluation_context(person, NOW + 1)) == change
    assert [node.holds(evaluation_context(person, at)) for at in (change - 1, change)] == [True, False]


def test_with_too_few_instants_nothing_is_due() -> None:
    _, person = holds_after(DAILY, [visit(NOW - DAY), visit(NOW)], NOW)
    assert compile_dict(DAILY).node.due(evaluation_context(person)) is None


def test_a_late_visit_fills_the_period_it_belongs_to() -> None:
    leaf = {"activity": {}, "regular": {"at_least": 2, "of": 3, "each": "1d"}}
    held, person = holds_after(leaf, [visit(NOW)], NOW)
    assert not held
    ready = compile_dict(leaf)
    person.counts[ready.counters[0].key] = ready.counters[0].update([NOW], activity(NOW - 2 * DAY, "form"), NOW)
    assert ready.node.holds(evaluation_context(person))


def test_two_instants_per_period_are_enough_for_any_events() -> None:
    ready = compile_dict(DAILY)
    person = contact()
    count_activities(ready, person, [visit(NOW + minute * 60_000) for minute in range(6 * 24 * 60)])
    (counter,) = ready.counters
    assert len(person.counts[counter.key]) <= counter.limit == 8


TWICE: dict[str, Any] = {"visit": {}, "regular": {"at_least": 2, "of": 3, "each": "1d", "times": 2}}


@pytest.mark.parametrize(
    ("hours_ago", "expected"),
    [
        ([0, 1, 24, 25], True),
        ([0, 1, 24], False),
        ([0, 1, 47, 48], False),
        ([0, 0, 24, 24], True),
        ([0, 0, 0, 0], False),
        ([23, 23, 71, 71], True),
        ([23, 23, 72, 72], False),
        ([0, 23, 24, 47], True),
    ],
)
def test_with_times_a_period_counts_that_has_so_many(hours_ago: list[int], expected: bool) -> None:
    visits = [visit(NOW - hours * 3_600_000) for hours in sorted(hours_ago, reverse=True)]
    assert holds_after(TWICE, visits, NOW)[0] is expected


def test_with_times_it_is_due_when_a_period_gains_or_loses_enough_of_them() -> None:
    visits = [visit(at) for at in (NOW - DAY + 1, NOW - DAY + 1, NOW, NOW)]
    held, person = holds_after(TWICE, visits, NOW)
    node = compile_dict(TWICE).node
    assert not held
    assert node.due(evaluation_context(person, NOW)) == NOW + 1
    assert node.holds(evaluation_context(person, NOW + 1))
    change = NOW + DAY
    assert node.due(evaluation_context(person, NOW + 1)) == change
    truths = [node.holds(evaluation_context(person, at)) for at in (change - 1, change, change + 1)]
    assert truths == [True, False, True], "for one millisecond all four share a period"


def test_twice_times_per_period_are_enough_for_any_events() -> None:
    ready = compile_dict(TWICE)
    person = contact()
    count_activities(ready, person, [visit(NOW + hour * DAY // 24) for hour in range(6 * 24)])
    (counter,) = ready.counters
    assert len(person.counts[counter.key]) <= counter.limit == 12
    assert ready.node.holds(evaluation_context(person, NOW + 6 * DAY))


@pytest.mark.parametrize("times", [1, 2, 3])
def test_filled_periods_are_counted_once_however_many_instants_move(
    times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = 0
    count_filled = Periods.count_filled

    def count(periods: Periods, counts: Counter[int]) -> int:
        nonlocal counted
        counted += 1
        return count_filled(periods, counts)

    monkeypatch.setattr(Periods, "count_filled", count)
    condition = compile_dict({"visit": {}, "regular": {"at_least": 100, "of": 200, "each": "1h", "times": times}})
    instants = sorted(NOW - number * 3_600_000 - 1_000 * turn for number in range(200) for turn in range(times))
    state = contact(counts={condition.counters[0].key: instants})
    assert condition.node.due(evaluation_context(state, NOW)) is not None
    assert counted == 1


def test_once_is_the_same_as_without_times() -> None:
    (counter,) = compile_dict({**DAILY, "regular": {**DAILY["regular"], "times": 1}}).counters
    assert counter.key == compile_dict(DAILY).counters[0].key
    assert counter.key != compile_dict({**DAILY, "regular": {**DAILY["regular"], "times": 2}}).counters[0].key


@pytest.mark.parametrize(
    ("leaf", "where"),
    [
        ({"regular": {"at_least": 1, "of": 500, "each": "1d", "times": 3}}, ("regular", "times")),
        ({"regular": {"at_least": 5, "of": 4, "each": "1d"}}, ("regular", "at_least")),
        ({"regular": {"at_least": 1, "of": 4, "each": "0s"}}, ("regular", "each")),
        ({"regular": {"at_least": 1, "of": 4, "each": "1d"}, "within": "7d"}, ("within",)),
        ({"regular": {"at_least": 1, "of": 4, "each": "1d"}, "count": {"gte": 1}}, ("count",)),
        ({"regular": {"at_least": 1, "of": 4, "each": "1d"}, "first": True}, ("first",)),
    ],
)
def test_periods_that_make_no_sense_are_refused(leaf: dict[str, Any], where: tuple[str, ...]) -> None:
    with pytest.raises(ConditionRefused) as refused:
        compile_dict({"visit": {}, **leaf})
    assert refused.value.path == where
