"""`distinct`: how many different values matching events carry, in every window to the millisecond."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.conditions.activities.windows import MOST_INSTANTS
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Activity
from tests.harness.engine.conditions import (
    NOW,
    activity,
    compile_dict,
    contact,
    evaluation_context,
    holds_after,
    visit,
)

DAY = 86_400_000


def seen(*values: Any, first: int = NOW - 100) -> list[Activity]:
    return [activity(first + number, "view", sku=value) for number, value in enumerate(values)]


def different(window: dict[str, Any] | None = None, **operators: Any) -> dict[str, Any]:
    return {"activity": {}, "distinct": {"of": "sku", **operators}, **(window or {})}


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ([], 0),
        (["a", "A", "a"], 1),
        (["Stra\u00dfe", "STRASSE"], 1),
        ([5, 5.0, "5", " 5.0 ", "5e0"], 1),
        ([0, -0.0, "-0"], 1),
        ([0.1, "0.1", "0.10", "1e-1"], 1),
        ([0.1, "0.10000000000000001", "0.100000000000000010"], 2),
        ([2**53, "9007199254740993.0", 2**53 + 1], 2),
        ([1e-7, "0.0000001", "1e-07"], 1),
        ([1e23, "1e23"], 1),
        ([5, "05"], 2),
        ([2**53, 2**53 + 1, str(2**53 + 1)], 2),
        (["1e400", "2e400"], 2),
        ([True, "true", 1], 3),
        ([True, True, False], 2),
        (["", "a"], 2),
        ([None, ["a"], {"a": 1}], 0),
    ],
)
def test_a_value_is_the_number_that_it_reads_as_else_the_folded_text(values: list[Any], number: int) -> None:
    for window in ({}, {"within": "7d"}, {"between_ago": ["7d", "0s"]}):
        assert holds_after(different(window, eq=number), seen(*values), NOW)[0]


@pytest.mark.parametrize("window", [{}, {"within": "7d"}, {"since": "2026-03-01"}, {"since": "now-7d"}])
@pytest.mark.parametrize(
    ("operators", "number", "expected"),
    [
        ({"gte": 3}, 2, False),
        ({"gte": 3}, 3, True),
        ({"gt": 3}, 3, False),
        ({"gt": 3}, 4, True),
        ({"lte": 2}, 2, True),
        ({"lte": 2}, 3, False),
        ({"lt": 2}, 1, True),
        ({"lt": 2}, 2, False),
        ({"eq": 2}, 2, True),
        ({"eq": 2}, 3, False),
        ({"between": [2, 3]}, 1, False),
        ({"between": [2, 3]}, 3, True),
        ({"between": [2, 3]}, 4, False),
    ],
)
def test_it_compares_with_every_operator(
    operators: dict[str, Any], number: int, expected: bool, window: dict[str, Any]
) -> None:
    values = [f"v{each % number}" for each in range(3 * number)]
    assert holds_after(different(window, **operators), seen(*values), NOW)[0] is expected


def test_a_value_leaves_the_window_when_its_latest_event_does() -> None:
    leaf = different({"within": "7d"}, gte=2)
    events = [*seen("a", first=NOW - 2 * DAY), *seen("b", first=NOW - DAY), *seen("A", first=NOW)]
    _, person = holds_after(leaf, events, NOW)
    node = compile_dict(leaf).node
    change = NOW + 6 * DAY
    assert node.due(evaluation_context(person)) == change
    assert [node.holds(evaluation_context(person, at)) for at in (change - 1, change)] == [True, False]
    assert node.due(evaluation_context(person, change)) is None


def test_a_late_event_of_a_value_seen_later_changes_nothing() -> None:
    leaf = different({"within": "7d"}, gte=1)
    _, person = holds_after(leaf, [*seen("a", first=NOW), *seen("a", first=NOW - DAY)], NOW)
    assert compile_dict(leaf).node.due(evaluation_context(person)) == NOW + 7 * DAY


def test_between_ago_counts_a_value_for_as_long_as_one_of_its_events_is_inside() -> None:
    leaf = different({"between_ago": ["10d", "7d"]}, eq=1)
    _, person = holds_after(leaf, [*seen("a", first=NOW), *seen("a", first=NOW + 5 * DAY)], NOW + 5 * DAY)
    node, changes, at = compile_dict(leaf).node, [], NOW + 5 * DAY
    while (due := node.due(evaluation_context(person, at))) is not None:
        changes.append(((due - NOW) // DAY, node.holds(evaluation_context(person, due))))
        at = due
    assert changes == [(7, True), (10, False), (12, True), (15, False)]


@pytest.mark.parametrize(
    ("leaf", "limit", "lossy"),
    [
        (different({"within": "7d"}, gte=3), 6, False),
        (different(eq=3), 8, False),
        (different({"since": "2026-01-01", "until": "2026-12-01"}, lt=3), 6, False),
        (different({"since": "now/d"}, gte=3), 6, False),
        (different({"between_ago": ["30d", "7d"]}, gte=3), 2 * MOST_INSTANTS, True),
        (different({"until": "now-7d"}, gte=3), 2 * MOST_INSTANTS, True),
    ],
)
def test_the_limit_of_each_window(leaf: dict[str, Any], limit: int, lossy: bool) -> None:
    (counter,) = compile_dict(leaf).counters
    assert (counter.limit, counter.lossy) == (limit, lossy)
    state: list[int] = []
    for at in range(NOW, NOW + 1_200):
        state = counter.update(state, activity(at, "view", sku=f"v{at}"), at)
        assert len(state) <= limit


def test_many_events_of_few_values_take_no_more_room_than_the_values() -> None:
    (counter,) = compile_dict(different({"within": "7d"}, gte=900)).counters
    state: list[int] = []
    for at in range(NOW, NOW + 500):
        state = counter.update(state, activity(at, "view", sku=at % 3), at)
    assert state[::2] == [NOW + 497, NOW + 498, NOW + 499]


def test_beyond_the_bound_the_latest_ones_count() -> None:
    ready = compile_dict(different({"between_ago": ["30d", "7d"]}, eq=1))
    (counter,) = ready.counters
    state: list[int] = []
    for number in range(MOST_INSTANTS + 5):
        sku = "old" if number < 5 else "new"
        state = counter.update(state, activity(NOW + number, "view", sku=sku), NOW + number)
    assert state[::2] == list(range(NOW + 5, NOW + MOST_INSTANTS + 5))
    assert ready.node.holds(evaluation_context(contact(counts={counter.key: state}), NOW + 8 * DAY))


@pytest.mark.parametrize("window", [{}, {"within": "7d"}, {"between_ago": ["7d", "12h"]}])
def test_the_state_of_all_events_is_that_of_two_parts_of_them_merged(window: dict[str, Any]) -> None:
    (counter,) = compile_dict(different(window, eq=2)).counters
    events = [*seen("a", "b", "a", "c", first=NOW - DAY), *seen("b", "d", first=NOW)]

    def state_of(part: list[Activity]) -> list[int]:
        state: list[int] = []
        for event in part:
            state = counter.update(state, event, NOW + 5)
        return state

    for cut in range(len(events) + 1):
        assert counter.merge(state_of(events[:cut]), state_of(events[cut:]), NOW + 5) == state_of(events)


def test_the_field_may_be_any_that_a_filter_has() -> None:
    visits = [visit(NOW, "https://a.example/x"), visit(NOW, "https://A.example/y"), visit(NOW, "https://b.example/y")]
    for field, number in (("host", 2), ("path", 2), ("url", 3), ("name", 1), ("title", 0)):
        assert holds_after({"visit": {}, "distinct": {"of": field, "eq": number}}, visits, NOW)[0]


def test_it_counts_up_to_999() -> None:
    assert compile_dict(different(gte=1_000)).counters
    with pytest.raises(ConditionRefused, match="up to 999"):
        compile_dict(different(gte=1_001))
