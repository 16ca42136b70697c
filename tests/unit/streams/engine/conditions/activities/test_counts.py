"""Visits and activities counted in windows: half-open, exact to the millisecond, correct after late events."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_ms
from streams.engine.conditions.activities.windows import MOST_INSTANTS
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Activity
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

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
PRICING = {"visit": {"path": {"starts_with": "/pricing"}}}


def pricing(*instants: int) -> list[Activity]:
    return [visit(at, "https://acme.example/pricing?plan=pro") for at in instants]


@pytest.mark.parametrize(
    ("count", "times", "expected"),
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
        ({"eq": 0}, 0, True),
        ({"between": [2, 3]}, 1, False),
        ({"between": [2, 3]}, 3, True),
        ({"between": [2, 3]}, 4, False),
        ({"gte": 1, "lt": 3}, 3, False),
    ],
)
@pytest.mark.parametrize("window", [{}, {"within": "7d"}, {"between_ago": ["7d", "0s"]}, {"since": "2026-03-01"}])
def test_counts_compare_with_every_operator(
    count: dict[str, Any], times: int, expected: bool, window: dict[str, Any]
) -> None:
    visits = pricing(*range(NOW - times, NOW))
    assert holds_after({**PRICING, "count": count, **window}, visits, NOW)[0] is expected


def test_without_a_count_once_is_enough_and_never_is_none() -> None:
    assert holds_after(PRICING, pricing(NOW), NOW)[0]
    assert not holds_after(PRICING, [], NOW)[0]
    assert holds_after({**PRICING, "never": True}, [], NOW)[0]
    assert not holds_after({**PRICING, "never": True}, pricing(NOW - 400 * DAY), NOW)[0]
    assert holds_after({**PRICING, "never": True, "within": "30d"}, pricing(NOW - 30 * DAY), NOW)[0]


def test_something_done_at_t_leaves_at_exactly_t_plus_w() -> None:
    leaf = {**PRICING, "within": "7d"}
    _, person = holds_after(leaf, pricing(NOW), NOW)
    node = compile_dict(leaf).node
    change = NOW + 7 * DAY
    assert node.due(evaluation_context(person)) == change
    assert node.holds(evaluation_context(person, change - 1))
    assert not node.holds(evaluation_context(person, change))
    assert not node.holds(evaluation_context(person, change + 1))
    assert node.due(evaluation_context(person, change)) is None


def test_visits_at_t_and_at_exactly_t_plus_7d_never_leave_a_gap() -> None:
    leaf = {**PRICING, "within": "7d"}
    holds_again, person = holds_after(leaf, pricing(NOW, NOW + 7 * DAY), NOW + 7 * DAY)
    assert holds_again
    assert compile_dict(leaf).node.due(evaluation_context(person, NOW + 7 * DAY)) == NOW + 14 * DAY


def test_the_third_newest_visit_decides_when_three_are_needed() -> None:
    leaf = {**PRICING, "count": {"gte": 3}, "within": "7d"}
    _, person = holds_after(leaf, pricing(NOW - 4 * DAY, NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY), NOW)
    assert compile_dict(leaf).node.due(evaluation_context(person)) == NOW + 4 * DAY
    assert [len(state) for state in person.counts.values()] == [3]


def test_too_many_become_few_enough_by_time_alone() -> None:
    leaf = {**PRICING, "count": {"lte": 1}, "within": "7d"}
    held, person = holds_after(leaf, pricing(NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY), NOW)
    assert not held
    assert compile_dict(leaf).node.due(evaluation_context(person)) == NOW + 5 * DAY


def test_between_ago_holds_the_far_edge_open_and_the_near_edge_closed() -> None:
    leaf = {**PRICING, "between_ago": ["30d", "7d"]}
    _, person = holds_after(leaf, pricing(NOW), NOW)
    node = compile_dict(leaf).node
    comes, goes = NOW + 7 * DAY, NOW + 30 * DAY
    assert node.due(evaluation_context(person)) == comes
    assert [node.holds(evaluation_context(person, at)) for at in (comes - 1, comes, comes + 1)] == [False, True, True]
    assert node.due(evaluation_context(person, comes)) == goes
    assert [node.holds(evaluation_context(person, at)) for at in (goes - 1, goes, goes + 1)] == [True, False, False]


@pytest.mark.parametrize(
    ("window", "at", "expected"),
    [
        ({"since": "2026-03-05T10:00:00Z"}, "2026-03-05T10:00:00Z", True),
        ({"since": "2026-03-05T10:00:00Z"}, "2026-03-05T09:59:59.999Z", False),
        ({"until": "2026-03-05T10:00:00Z"}, "2026-03-05T10:00:00Z", True),
        ({"until": "2026-03-05T10:00:00Z"}, "2026-03-05T10:00:00.001Z", False),
        ({"since": "2026-03-05"}, "2026-03-04T23:00:00Z", True),
        ({"since": "2026-03-05"}, "2026-03-04T22:59:59.999Z", False),
        ({"until": "2026-03-05"}, "2026-03-05T22:59:59.999Z", True),
        ({"until": "2026-03-05"}, "2026-03-05T23:00:00Z", False),
        ({"since": "now/d"}, "2026-03-09T23:00:00Z", True),
        ({"since": "now/d"}, "2026-03-09T22:59:59.999Z", False),
        ({"until": "now-1d"}, "2026-03-09T12:00:00Z", True),
        ({"until": "now-1d"}, "2026-03-09T12:00:00.001Z", False),
        ({"since": "now/w-1w", "until": "now/w"}, "2026-03-01T23:00:00Z", True),
        ({"since": "now/w-1w", "until": "now/w"}, "2026-03-01T22:59:59.999Z", False),
    ],
)
def test_since_and_until_are_inclusive_and_a_calendar_date_is_the_whole_day(
    window: dict[str, Any], at: str, expected: bool
) -> None:
    assert holds_after({**PRICING, **window}, pricing(instant_ms(at)), NOW, "Europe/Berlin")[0] is expected


def test_windows_of_one_leaf_hold_together() -> None:
    leaf = {**PRICING, "within": "7d", "since": "2026-03-09"}
    assert holds_after(leaf, pricing(NOW - DAY), NOW)[0]
    assert not holds_after(leaf, pricing(NOW - 2 * DAY), NOW)[0]
    leaf = {**PRICING, "within": "1d", "since": "2026-03-01"}
    _, person = holds_after(leaf, pricing(NOW), NOW)
    assert compile_dict(leaf).node.holds(evaluation_context(person, NOW + DAY - 1))
    assert not compile_dict(leaf).node.holds(evaluation_context(person, NOW + DAY))


def test_since_the_start_of_today_changes_at_local_midnight() -> None:
    leaf = {**PRICING, "since": "now/d"}
    _, person = holds_after(leaf, pricing(NOW), NOW, "Europe/Berlin")
    node = compile_dict(leaf, "Europe/Berlin").node
    midnight = instant_ms("2026-03-10T23:00:00Z")
    assert node.due(evaluation_context(person)) == midnight
    assert node.holds(evaluation_context(person, midnight - 1))
    assert not node.holds(evaluation_context(person, midnight))


def test_a_window_in_the_contacts_zone() -> None:
    leaf = {**PRICING, "since": "2026-03-10", "in_zone": "contact"}
    ready = compile_dict(leaf, "Europe/Berlin")
    person = contact(properties={"time_zone": "Asia/Tokyo"})
    count_activities(ready, person, pricing(instant_ms("2026-03-09T15:00:00Z")))
    assert ready.node.holds(evaluation_context(person))
    person.properties["time_zone"] = "nowhere"
    assert not ready.node.holds(evaluation_context(person))
    assert "time_zone" in ready.properties


def test_an_event_after_the_accounts_day_may_still_count_in_the_contacts_zone() -> None:
    ready = compile_dict({**PRICING, "until": "2026-03-10", "in_zone": "contact"}, "Asia/Tokyo")
    person = contact(properties={"time_zone": "America/Los_Angeles"})
    inside, outside = instant_ms("2026-03-11T06:59:59.999Z"), instant_ms("2026-03-11T07:00:00Z")
    count_activities(ready, person, pricing(inside))
    assert ready.node.holds(evaluation_context(person, inside))
    person.counts.clear()
    count_activities(ready, person, pricing(outside))
    assert not ready.node.holds(evaluation_context(person, outside))


def test_a_late_event_counts_where_its_instant_belongs() -> None:
    leaf = {**PRICING, "count": {"gte": 2}, "within": "7d"}
    held, person = holds_after(leaf, pricing(NOW, NOW - 2 * DAY), NOW)
    assert held
    assert compile_dict(leaf).node.due(evaluation_context(person)) == NOW + 5 * DAY
    assert list(person.counts.values()) == [[NOW - 2 * DAY, NOW]]
    assert not holds_after(leaf, pricing(NOW, NOW - 7 * DAY), NOW)[0]


def test_two_events_at_the_same_instant_are_two() -> None:
    assert holds_after({**PRICING, "count": {"eq": 2}}, pricing(NOW, NOW), NOW)[0]


def test_instants_that_no_window_can_hold_any_more_are_dropped() -> None:
    leaf = {**PRICING, "count": {"gte": 5}, "within": "7d"}
    _, person = holds_after(leaf, pricing(NOW - 7 * DAY, NOW - 7 * DAY + 1, NOW), NOW)
    assert list(person.counts.values()) == [[NOW - 7 * DAY + 1, NOW]]
    leaf = {**PRICING, "until": "2026-03-01"}
    _, person = holds_after(leaf, pricing(NOW), NOW)
    assert list(person.counts.values()) == [[]]


@pytest.mark.parametrize(
    ("shape", "bound", "lossy"),
    [
        ({"count": {"gte": 3}, "within": "7d"}, 3, False),
        ({"count": {"eq": 3}}, 4, False),
        ({"count": {"lte": 3}, "since": "2026-01-01"}, 4, False),
        ({"count": {"gte": 3}, "until": "2026-06-01"}, 3, False),
        ({"count": {"gte": 3}, "since": "now/d"}, 3, False),
        ({"never": True}, 1, False),
        ({"between_ago": ["30d", "7d"]}, MOST_INSTANTS, True),
        ({"until": "now-7d"}, MOST_INSTANTS, True),
        ({"until": "2026-06-01", "in_zone": "contact"}, MOST_INSTANTS, True),
    ],
)
def test_the_limit_of_each_window(shape: dict[str, Any], bound: int, lossy: bool) -> None:
    (counter,) = compile_dict({**PRICING, **shape}).counters
    assert (counter.limit, counter.lossy) == (bound, lossy)
    state: list[int] = []
    for at in range(NOW, NOW + 1_200):
        state = counter.update(state, visit(at), at)
        assert len(state) <= bound


def test_at_the_limit_the_newest_instants_stay() -> None:
    (counter,) = compile_dict({**PRICING, "between_ago": ["30d", "7d"]}).counters
    state: list[int] = []
    for at in range(NOW, NOW + MOST_INSTANTS + 5):
        state = counter.update(state, visit(at), at)
    assert state == list(range(NOW + 5, NOW + MOST_INSTANTS + 5))


def test_identical_leaves_share_their_state() -> None:
    leaf = {**PRICING, "count": {"gte": 3}, "within": "7d"}
    twice = compile_dict({"any": [leaf, {"not": {**leaf, "within": "1w"}}]})
    assert len(twice.counters) == 1
    assert twice.counters[0].key == compile_dict(leaf).counters[0].key


@pytest.mark.parametrize(
    "other",
    [
        {**PRICING, "count": {"gte": 4}, "within": "7d"},
        {**PRICING, "count": {"gte": 3}, "within": "8d"},
        {**PRICING, "count": {"gte": 3}},
        {"activity": PRICING["visit"], "count": {"gte": 3}, "within": "7d"},
        {"visit": {"path": {"starts_with": "/price"}}, "count": {"gte": 3}, "within": "7d"},
        {"visit": {"path": {"starts_with": "/pricing", "case_sensitive": True}}, "count": {"gte": 3}, "within": "7d"},
    ],
)
def test_different_leaves_share_nothing(other: dict[str, Any]) -> None:
    leaf = {**PRICING, "count": {"gte": 3}, "within": "7d"}
    assert compile_dict(leaf).counters[0].key != compile_dict(other).counters[0].key


def test_a_leaf_without_count_and_window_is_filter_only() -> None:
    assert compile_dict(PRICING).is_filter_only
    assert compile_dict({"activity": {"name": {"eq": "form_submitted"}}}).is_filter_only
    for limited in (
        {"count": {"gte": 1}},
        {"within": "7d"},
        {"never": True},
        {"since": "2026-01-01"},
        {"first": True},
    ):
        assert not compile_dict({**PRICING, **limited}).is_filter_only
    assert not compile_dict({"all": [PRICING]}).is_filter_only


@pytest.mark.parametrize(
    "shape",
    [
        {"never": True, "count": {"gte": 1}},
        {"count": {}},
        {"count": {"gte": 1_001}},
        {"between_ago": ["7d", "30d"]},
        {"between_ago": ["7d", "7d"]},
        {"between_ago": ["30d", "7d"], "within": "30d"},
        {"since": "soon"},
        {"until": "soon"},
    ],
)
def test_a_window_that_makes_no_sense_is_refused(shape: dict[str, Any]) -> None:
    with pytest.raises(ConditionRefused):
        compile_dict({**PRICING, **shape})


def test_visits_are_web_visits_and_activity_is_any_behaviour() -> None:
    form = activity(NOW, "form_submitted")
    assert not holds_after({"visit": {}}, [form], NOW)[0]
    assert holds_after({"activity": {}}, [form], NOW)[0]
    assert holds_after({"activity": {"name": {"eq": "visit"}}}, [visit(NOW)], NOW)[0]
    assert holds_after({"activity": {"name": {"eq": "form_submitted"}}}, [form], NOW)[0]
    assert not holds_after({"activity": {"name": {"eq": "form_submitted"}}}, [visit(NOW)], NOW)[0]
