"""`first` and `last`: the earliest or latest matching event ever has to lie in the window."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Activity
from tests.harness.engine.conditions import NOW, compile_dict, evaluation_context, holds_after, visit

DAY = 86_400_000
PRICING = {"visit": {"path": {"starts_with": "/pricing"}}}


def page(at: int, path: str, **fields: Any) -> Activity:
    return visit(at, f"https://acme.example{path}", **fields)


def test_the_first_ever_lies_in_the_window_not_the_first_in_the_window() -> None:
    leaf = {**PRICING, "first": True, "within": "7d"}
    assert holds_after(leaf, [page(NOW - 2 * DAY, "/pricing"), page(NOW, "/pricing")], NOW)[0]
    assert not holds_after(leaf, [page(NOW - 7 * DAY, "/pricing"), page(NOW, "/pricing")], NOW)[0]


def test_the_first_seen_leaves_at_exactly_t_plus_w() -> None:
    leaf = {**PRICING, "first": True, "within": "7d"}
    _, person = holds_after(leaf, [page(NOW, "/pricing"), page(NOW + DAY, "/pricing")], NOW + DAY)
    node, end = compile_dict(leaf).node, NOW + 7 * DAY
    assert node.due(evaluation_context(person, NOW + DAY)) == end
    assert [node.holds(evaluation_context(person, at)) for at in (end - 1, end, end + 1)] == [True, False, False]
    assert node.due(evaluation_context(person, end)) is None


def test_the_latest_ever_with_a_window_stopped_doing_it_so_long_ago() -> None:
    leaf = {**PRICING, "last": {}, "between_ago": ["30d", "7d"]}
    assert holds_after(leaf, [page(NOW - 8 * DAY, "/pricing")], NOW)[0]
    assert not holds_after(leaf, [page(NOW - 8 * DAY, "/pricing"), page(NOW - DAY, "/pricing")], NOW)[0]
    _, person = holds_after(leaf, [page(NOW, "/pricing")], NOW)
    node, comes = compile_dict(leaf).node, NOW + 7 * DAY
    assert node.due(evaluation_context(person)) == comes
    assert [node.holds(evaluation_context(person, at)) for at in (comes - 1, comes, comes + 1)] == [False, True, True]


def test_the_first_or_the_latest_must_also_match() -> None:
    visits = [page(NOW - 2, "/pricing", referrer="google"), page(NOW - 1, "/pricing", referrer="bing")]
    assert holds_after({**PRICING, "first": {"referrer": {"eq": "google"}}}, visits, NOW)[0]
    assert not holds_after({**PRICING, "first": {"referrer": {"eq": "bing"}}}, visits, NOW)[0]
    assert holds_after({**PRICING, "last": {"referrer": {"eq": "bing"}}}, visits, NOW)[0]
    assert not holds_after({**PRICING, "last": {"referrer": {"eq": "google"}}}, visits, NOW)[0]


def test_first_and_last_in_one_leaf_must_both_hold() -> None:
    leaf = {**PRICING, "first": {"referrer": {"eq": "google"}}, "last": {"referrer": {"eq": "bing"}}}
    google, bing = page(NOW - 2, "/pricing", referrer="google"), page(NOW - 1, "/pricing", referrer="bing")
    assert holds_after(leaf, [google, bing], NOW)[0]
    assert not holds_after(leaf, [google], NOW)[0]


def test_among_equal_instants_the_journals_order_decides() -> None:
    visits = [page(NOW, "/pricing", referrer="google"), page(NOW, "/pricing", referrer="bing")]
    assert holds_after({**PRICING, "first": {"referrer": {"eq": "google"}}}, visits, NOW)[0]
    assert holds_after({**PRICING, "last": {"referrer": {"eq": "bing"}}}, visits, NOW)[0]


def test_a_late_event_may_become_the_first_and_never_the_latest() -> None:
    visits = [page(NOW, "/pricing", referrer="bing"), page(NOW - DAY, "/pricing", referrer="google")]
    assert holds_after({**PRICING, "first": {"referrer": {"eq": "google"}}}, visits, NOW)[0]
    assert holds_after({**PRICING, "last": {"referrer": {"eq": "bing"}}}, visits, NOW)[0]


def test_the_state_does_not_depend_on_the_window() -> None:
    compiled = compile_dict({**PRICING, "first": True})
    other = compile_dict({**PRICING, "first": {}, "within": "7d"})
    (counter,) = compiled.counters
    assert counter.key == other.counters[0].key
    assert (counter.limit, counter.lossy, counter.drops_late) == (2, False, True)
    assert compile_dict({**PRICING, "last": {}}).counters[0].key != counter.key


@pytest.mark.parametrize("end", [{"first": True}, {"last": {}}])
@pytest.mark.parametrize("count", [{"count": {"gte": 1}}, {"never": True}])
def test_beside_a_count_it_is_refused(end: dict[str, Any], count: dict[str, Any]) -> None:
    with pytest.raises(ConditionRefused, match="cannot stand beside a count"):
        compile_dict({**PRICING, **end, **count})
