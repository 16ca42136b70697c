"""`sequence`: events in order of `at`, each from `min_gap` to `gap` after the one before, all in the window."""

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
    count_activities,
    evaluation_context,
    holds_after,
    visit,
)

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PRICING = {"visit": {"path": {"eq": "/pricing"}}}
FORM = {"activity": {"name": {"eq": "form"}}}
THEN: dict[str, Any] = {"sequence": [PRICING, FORM], "within": "7d"}


def pricing(at: int) -> Activity:
    return visit(at, "https://acme.example/pricing")


def form(at: int) -> Activity:
    return activity(at, "form")


def test_first_the_page_then_the_form() -> None:
    assert holds_after(THEN, [pricing(NOW - HOUR), form(NOW)], NOW)[0]
    assert not holds_after(THEN, [form(NOW - HOUR), pricing(NOW)], NOW)[0]


def test_other_events_in_between_do_not_matter() -> None:
    between = visit(NOW - MINUTE, "https://acme.example/blog")
    assert holds_after(THEN, [pricing(NOW - HOUR), between, form(NOW)], NOW)[0]


@pytest.mark.parametrize(
    ("apart", "expected"),
    [(HOUR, True), (HOUR + 1, False), (MINUTE, True), (MINUTE - 1, False), (0, False)],
)
def test_gap_and_min_gap_include_their_ends(apart: int, expected: bool) -> None:
    leaf = {**THEN, "gap": "1h", "min_gap": "1m"}
    assert holds_after(leaf, [pricing(NOW - apart), form(NOW)], NOW)[0] is expected


def test_the_whole_sequence_lies_inside_the_window_and_leaves_with_its_first_step() -> None:
    _, person = holds_after(THEN, [pricing(NOW), form(NOW + DAY)], NOW + DAY)
    node, end = compile_dict(THEN).node, NOW + 7 * DAY
    assert node.due(evaluation_context(person, NOW + DAY)) == end
    assert [node.holds(evaluation_context(person, at)) for at in (end - 1, end, end + 1)] == [True, False, False]
    assert node.due(evaluation_context(person, end)) is None
    assert not holds_after(THEN, [pricing(NOW - 7 * DAY), form(NOW)], NOW)[0]


def test_the_chain_that_starts_last_decides_when_a_sequence_ends() -> None:
    _, person = holds_after(THEN, [pricing(NOW), form(NOW + 1), pricing(NOW + HOUR), form(NOW + DAY)], NOW + DAY)
    assert compile_dict(THEN).node.due(evaluation_context(person, NOW + DAY)) == NOW + HOUR + 7 * DAY


def test_a_start_in_reach_is_found_before_one_that_is_too_close() -> None:
    """The later page is too close to the form, the earlier one is not."""
    leaf = {**THEN, "min_gap": "1h"}
    assert holds_after(leaf, [pricing(NOW - HOUR), pricing(NOW - MINUTE), form(NOW)], NOW)[0]


def test_among_equal_instants_the_journals_order_decides() -> None:
    assert holds_after(THEN, [pricing(NOW), form(NOW)], NOW)[0]
    assert not holds_after(THEN, [form(NOW), pricing(NOW)], NOW)[0]


def test_one_event_serves_one_step() -> None:
    twice = {"sequence": [PRICING, PRICING], "within": "7d"}
    assert not holds_after(twice, [pricing(NOW)], NOW)[0]
    assert holds_after(twice, [pricing(NOW), pricing(NOW)], NOW)[0]


def test_a_late_event_is_inserted_by_its_instant() -> None:
    assert holds_after(THEN, [form(NOW), pricing(NOW - HOUR)], NOW)[0]
    between = {"sequence": [PRICING, PRICING, FORM], "within": "7d", "gap": "1h"}
    held, _ = holds_after(between, [pricing(NOW - 2 * HOUR), form(NOW), pricing(NOW - HOUR)], NOW)
    assert held


def test_events_that_a_complete_chain_outlives_are_dropped() -> None:
    ready = compile_dict(THEN)
    person = contact()
    (counter,) = ready.counters
    count_activities(ready, person, [pricing(NOW), form(NOW + 1)])
    assert person.counts[counter.key] == [NOW, NOW + 1, 0b10]
    count_activities(ready, person, [pricing(NOW + 2), form(NOW + 3)])
    assert person.counts[counter.key] == [NOW + 2, NOW + 3, 0b10]


def test_at_the_limit_the_newest_events_stay() -> None:
    ready = compile_dict(THEN)
    person = contact()
    (counter,) = ready.counters
    count_activities(ready, person, [pricing(NOW + number) for number in range(MOST_INSTANTS + 5)])
    state = person.counts[counter.key]
    assert counter.lossy
    assert len(state) == counter.limit == 2 * MOST_INSTANTS + 1
    assert state[1] == NOW + 5


def test_without_the_older_half_the_newer_events_still_form_a_chain() -> None:
    ready = compile_dict(THEN)
    person = contact()
    (counter,) = ready.counters
    count_activities(ready, person, [pricing(NOW + number) for number in range(10)])
    person.counts[counter.key] = shorter = counter.drop_older_half(person.counts[counter.key])
    assert shorter[1::2] == [NOW + number for number in range(5, 10)]
    count_activities(ready, person, [form(NOW + 10)])
    assert ready.node.holds(evaluation_context(person, NOW + 10))


def test_every_part_of_a_sequence_is_part_of_its_key() -> None:
    others: list[dict[str, Any]] = [
        {**THEN, "within": "8d"},
        {**THEN, "gap": "1h"},
        {**THEN, "min_gap": "1h"},
        {**THEN, "sequence": [FORM, PRICING]},
    ]
    keys = {compile_dict(leaf).counters[0].key for leaf in (THEN, *others)}
    assert len(keys) == 5


@pytest.mark.parametrize(
    ("shape", "where"),
    [
        ({"gap": "1m", "min_gap": "2m"}, ("gap",)),
        ({"min_gap": "7d"}, ("within",)),
        ({"within": "0s"}, ("within",)),
        ({"sequence": [PRICING, {}]}, ("sequence", 1)),
        ({"sequence": [PRICING, {**PRICING, **FORM}]}, ("sequence", 1)),
        ({"sequence": [PRICING, {"visit": {"path": {}}}]}, ("sequence", 1, "visit", "path")),
    ],
)
def test_what_could_never_hold_is_refused(shape: dict[str, Any], where: tuple[str | int, ...]) -> None:
    with pytest.raises(ConditionRefused) as refused:
        compile_dict({**THEN, **shape})
    assert refused.value.path == where
