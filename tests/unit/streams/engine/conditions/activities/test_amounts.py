"""`sum` and `average` of a number of matching events: exact to the last digit, in every window to the millisecond."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

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
BOUGHT = {"activity": {"name": {"eq": "purchase"}}}
WINDOWS: list[dict[str, Any]] = [
    {},
    {"within": "7d"},
    {"between_ago": ["7d", "0s"]},
    {"since": "2026-03-01"},
    {"until": "2026-04-01"},
    {"since": "now-7d"},
    {"since": "2026-03-01", "in_zone": "contact"},
]


def purchases(*amounts: Any, first: int = NOW - 100) -> list[Activity]:
    return [activity(first + number, "purchase", amount=amount) for number, amount in enumerate(amounts)]


def bought(name: str, window: dict[str, Any] | None = None, **operators: Any) -> dict[str, Any]:
    return {**BOUGHT, name: {"of": "amount", **operators}, **(window or {})}


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    ("amounts", "operators", "expected"),
    [
        ([60, 40], {"gte": 100}, True),
        ([60, 39.999999], {"gte": 100}, False),
        ([60, 40], {"gt": 100}, False),
        ([60, 40.000001], {"gt": 100}, True),
        ([60, 40], {"lte": 100}, True),
        ([60, 40.000001], {"lte": 100}, False),
        ([60, 40], {"lt": 100}, False),
        ([0.1, 0.2], {"eq": 0.3}, True),
        ([60, 40], {"between": [100, 200]}, True),
        ([60, 140], {"between": [100, 200]}, True),
        ([60, 141], {"between": [100, 200]}, False),
        ([60, 40], {"gte": 50, "lt": 100}, False),
        ([5, -5], {"eq": 0}, True),
        ([], {"eq": 0}, True),
        ([], {"gt": 0}, False),
    ],
)
def test_a_sum_compares_with_every_operator(
    amounts: list[Any], operators: dict[str, Any], expected: bool, window: dict[str, Any]
) -> None:
    assert holds_after(bought("sum", window, **operators), purchases(*amounts), NOW)[0] is expected


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    ("amounts", "operators", "expected"),
    [
        ([3, 4], {"gte": 3.5}, True),
        ([3, 4], {"gt": 3.5}, False),
        ([3, 3, 4], {"eq": 3.333333}, False),
        ([3, 3, 4], {"gt": 3.333333}, True),
        ([3, 3, 4], {"lt": 3.333334}, True),
        ([10, 20, 30], {"eq": 20}, True),
        ([10, 20, 30], {"between": [20, 20]}, True),
        ([-10, 10], {"lte": 0}, True),
        ([0], {"eq": 0}, True),
        ([], {"eq": 0}, False),
        ([], {"lte": 0}, False),
        ([], {"gte": 0}, False),
    ],
)
def test_averages_compare_without_dividing_and_an_empty_one_is_missing(
    amounts: list[Any], operators: dict[str, Any], expected: bool, window: dict[str, Any]
) -> None:
    leaf = bought("average", window, **operators)
    assert holds_after(leaf, purchases(*amounts), NOW)[0] is expected
    assert holds_after({"not": leaf}, purchases(*amounts), NOW)[0] is not expected


def test_a_value_that_is_no_number_is_skipped_in_the_divisor_too() -> None:
    amounts = [4, None, "free", True, False, [5], {"n": 5}, "", "0x10", "1e400", "012", "٣", 6]
    for window in WINDOWS:
        assert holds_after(bought("average", window, eq=5), purchases(*amounts), NOW)[0]
        assert holds_after(bought("sum", window, eq=10), purchases(*amounts), NOW)[0]


def test_text_that_reads_as_a_number_is_one() -> None:
    amounts = ["1", " 2.50 ", "-0.5", "1e1", 3.0]
    assert holds_after(bought("sum", eq=16), purchases(*amounts), NOW)[0]


@pytest.mark.parametrize(
    ("amount", "total"),
    [
        (0.0000004, 0),
        (0.0000005, 0),
        (0.0000015, 0.000002),
        (0.0000025, 0.000002),
        (0.00000250001, 0.000003),
        (-0.0000015, -0.000002),
        ("0.0000015", 0.000002),
        ("0.00000050", 0),
        ("0.00000050000000000000000001", 0.000001),  # a double would be the half
        ("0.0000005" + 60 * "0" + "1", 0.000001),
        ("-0.00000050000000000000000001", -0.000001),
        (1.0000005, 1),
    ],
)
def test_each_value_is_rounded_half_even_to_a_millionth(amount: Any, total: float) -> None:
    assert holds_after(bought("sum", eq=total), purchases(amount), NOW)[0]
    assert holds_after(bought("sum", {"within": "7d"}, eq=total), purchases(amount), NOW)[0]
    assert holds_after(bought("sum", eq=0), purchases(0.0000004, 0.0000004, 0.0000004), NOW)[0], "each, not the sum"


def test_a_value_beyond_10_to_the_15_is_skipped() -> None:
    most = 10**15
    for amount in (most, 1e15, -most):
        assert holds_after(bought("average", eq=amount), purchases(amount), NOW)[0]
        assert not holds_after(bought("average", eq=7), purchases(amount, 7), NOW)[0]
    for text in ("1e15", "1000000000000000.000"):
        assert holds_after(bought("sum", eq=most), purchases(text), NOW)[0]
    far: tuple[Any, ...] = (
        most + 1,
        1e15 + 0.125,
        -most - 1,
        10**400,
        1e300,
        "1000000000000000.01",
        "-1e15" + "1",
        "1e999999999",
    )
    for value in (*far, "1000000000000000." + 40 * "0" + "1"):
        assert holds_after(bought("average", eq=7), purchases(value, 7), NOW)[0]


def test_a_sum_stays_exact_beyond_the_digits_of_a_double() -> None:
    many = [10**15, 0.000001] * 20
    leaf = bought("sum", gt=2e16)
    assert holds_after(leaf, purchases(*many), NOW)[0]
    assert not holds_after(leaf, purchases(*([10**15] * 20)), NOW)[0]
    assert holds_after(bought("sum", {"within": "7d"}, gt=2e16), purchases(*many), NOW)[0]


def test_what_happened_at_t_leaves_a_sum_at_exactly_t_plus_w() -> None:
    leaf = bought("sum", {"within": "7d"}, gte=100)
    _, person = holds_after(leaf, [*purchases(60, first=NOW - DAY), *purchases(50, first=NOW)], NOW)
    node = compile_dict(leaf).node
    change = NOW + 6 * DAY
    assert node.due(evaluation_context(person)) == change
    assert [node.holds(evaluation_context(person, at)) for at in (change - 1, change)] == [True, False]
    assert node.due(evaluation_context(person, change)) is None, "the other 50 leave a sum that is too small already"


def test_an_average_is_due_where_time_changes_it_and_not_at_every_event() -> None:
    leaf = bought("average", {"within": "7d"}, gt=10)
    amounts = [5, 30, 20, 20]
    events = [activity(NOW - number * DAY, "purchase", amount=amount) for number, amount in enumerate(amounts)]
    _, person = holds_after(leaf, events[::-1], NOW)
    node = compile_dict(leaf).node
    change = NOW + 6 * DAY
    assert node.due(evaluation_context(person)) == change, "18.75, then 18.3, 17.5 and only then 5"
    assert [node.holds(evaluation_context(person, at)) for at in (change - 1, change)] == [True, False]


def test_between_ago_takes_values_in_and_out_at_exact_instants() -> None:
    leaf = bought("sum", {"between_ago": ["30d", "7d"]}, gte=5)
    _, person = holds_after(leaf, purchases(5, first=NOW), NOW)
    node, changes, at = compile_dict(leaf).node, [], NOW
    while (due := node.due(evaluation_context(person, at))) is not None:
        changes.append((due - NOW, *(node.holds(evaluation_context(person, instant)) for instant in (due - 1, due))))
        at = due
    assert changes == [(7 * DAY, False, True), (30 * DAY, True, False)]


def test_a_late_value_counts_where_its_instant_belongs() -> None:
    leaf = bought("sum", {"within": "7d"}, gte=10)
    held, person = holds_after(leaf, [activity(NOW, "purchase", amount=5), *purchases(5, first=NOW - 2 * DAY)], NOW)
    assert held
    assert compile_dict(leaf).node.due(evaluation_context(person)) == NOW + 5 * DAY
    late = [activity(NOW, "purchase", amount=5), *purchases(5, first=NOW - 7 * DAY)]
    assert not holds_after(leaf, late, NOW)[0]


def test_fixed_dates_include_both_ends() -> None:
    leaf = bought("sum", {"since": "2026-03-02", "until": "2026-03-04"}, eq=1)
    begin, end = NOW - 8 * DAY - DAY // 2, NOW - 5 * DAY - DAY // 2
    for at, inside in ((begin - 1, False), (begin, True), (end - 1, True), (end, False)):
        assert holds_after(leaf, purchases(1, first=at), NOW)[0] is inside


def test_where_nothing_ever_leaves_two_numbers_are_kept_and_they_are_exact() -> None:
    for window in ({}, {"since": "2026-03-01"}, {"until": "2026-06-01"}):
        ready = compile_dict(bought("sum", window, gte=0.1))
        (counter,) = ready.counters
        assert (counter.limit, counter.lossy) == (2, False)
        state: list[int] = []
        for number in range(2 * MOST_INSTANTS):
            state = counter.update(state, activity(NOW + number, "purchase", amount=0.1), NOW + number)
        assert state == [2 * MOST_INSTANTS, 200_000_000]


def test_beyond_the_bound_the_latest_values_count() -> None:
    ready = compile_dict(bought("sum", {"within": "7d"}, eq=MOST_INSTANTS))
    (counter,) = ready.counters
    assert counter.lossy
    state: list[int] = []
    for number, amount in enumerate([1_000_000] * 5 + [1] * MOST_INSTANTS):
        state = counter.update(state, activity(NOW + number, "purchase", amount=amount), NOW + number)
        assert len(state) <= counter.limit
    person = contact(counts={counter.key: state})
    assert ready.node.holds(evaluation_context(person, NOW + MOST_INSTANTS + 5))


def test_values_that_the_window_cannot_hold_any_more_are_dropped() -> None:
    leaf, week_ago = bought("sum", {"within": "7d"}, gt=0), NOW - 7 * DAY
    _, person = holds_after(leaf, purchases(1, 2, first=week_ago), week_ago + 1)
    (counter,) = compile_dict(leaf).counters
    (state,) = person.counts.values()
    newer = counter.update(state, activity(NOW, "purchase", amount=3), NOW)
    assert newer == [week_ago + 1, 2_000_000, NOW, 3_000_000]


@pytest.mark.parametrize("window", [{}, {"within": "7d"}, {"since": "now/M"}, {"between_ago": ["7d", "1d"]}])
def test_the_state_of_all_events_is_that_of_two_parts_of_them_merged(window: dict[str, Any]) -> None:
    (counter,) = compile_dict(bought("average", window, gt=0)).counters
    events = [*purchases(1, 2.5, 3, first=NOW - DAY), *purchases(4, 0.1, first=NOW)]

    def state_of(part: list[Activity]) -> list[int]:
        state: list[int] = []
        for event in part:
            state = counter.update(state, event, NOW + 5)
        return state

    for cut in range(len(events) + 1):
        assert counter.merge(state_of(events[:cut]), state_of(events[cut:]), NOW + 5) == state_of(events)
    assert counter.merge([], [], NOW) == []


def test_a_sum_and_an_average_of_the_same_values_share_their_state() -> None:
    both = {**BOUGHT, "sum": {"of": "amount", "gte": 10}, "average": {"of": "amount", "lt": 5}, "within": "7d"}
    assert len(compile_dict(both).counters) == 1
    for amounts, expected in (([4, 4, 4], True), ([4, 4], False), ([8, 8], False)):
        assert holds_after(both, purchases(*amounts), NOW)[0] is expected, "both must hold"
    other = {**both, "average": {"of": "tax", "lt": 5}}
    assert len(compile_dict(other).counters) == 2


@pytest.mark.parametrize(
    "other",
    [
        {**BOUGHT, "sum": {"of": "tax", "gte": 1}, "within": "7d"},
        {**BOUGHT, "sum": {"of": "amount", "gte": 1}, "within": "8d"},
        {**BOUGHT, "sum": {"of": "amount", "gte": 1}},
        {"activity": {}, "sum": {"of": "amount", "gte": 1}, "within": "7d"},
        {**BOUGHT, "distinct": {"of": "amount", "gte": 1}, "within": "7d"},
        {**BOUGHT, "within": "7d"},
    ],
)
def test_leaves_on_other_values_share_nothing(other: dict[str, Any]) -> None:
    (counter,) = compile_dict(bought("sum", {"within": "7d"}, gte=1)).counters
    assert counter.key not in {each.key for each in compile_dict(other).counters}


def test_the_digits_of_a_text_are_summed_exactly() -> None:
    leaf = bought("sum", gt=999_999_999_999_999)
    assert holds_after(leaf, purchases("999999999999999.123456", "-0.123455"), NOW)[0]
    assert not holds_after(leaf, purchases("999999999999999.123456", "-0.123456"), NOW)[0]


def test_operands_are_whole_numbers_of_any_length_or_doubles() -> None:
    nines = 10**18 - 1  # as a double it is 10^18
    amounts = [10**15] * 999 + [10**15 - 1]
    assert holds_after(bought("sum", eq=nines), purchases(*amounts), NOW)[0]
    assert not holds_after(bought("sum", eq=10**18), purchases(*amounts), NOW)[0]
    assert holds_after(bought("sum", between=[nines, nines]), purchases(*amounts), NOW)[0]
    assert not holds_after(bought("sum", gt=nines), purchases(*amounts), NOW)[0]
    with pytest.raises(ValidationError):
        compile_dict(bought("sum", gte=True))
    with pytest.raises(ValidationError):
        compile_dict(bought("average", between=[0, True]))


def test_it_is_of_a_property_and_never_of_the_events_own_field() -> None:
    seen = [visit(NOW, "/?price=5", title="7", properties={"title": 5, "name": 2, "path": 3})]
    for name, total in (("title", 5), ("name", 2), ("path", 3), ("query.price", 0), ("url", 0)):
        assert holds_after({"visit": {}, "sum": {"of": name, "eq": total}}, seen, NOW)[0], name
    for name, number in (("title", 5), ("query.price", None)):
        leaf = {"visit": {}, "average": {"of": name, "eq": number or 0}}
        assert holds_after(leaf, seen, NOW)[0] is (number is not None)
    assert holds_after({"visit": {}, "sum": {"of": "title", "eq": 0}}, [visit(NOW, "/", title="7")], NOW)[0]


def test_a_name_with_dots_leads_into_objects_where_no_property_has_it() -> None:
    carts = [activity(NOW, "checkout", cart={"total": total}) for total in (1, 2)]
    assert holds_after({"activity": {}, "sum": {"of": "cart.total", "eq": 3}}, carts, NOW)[0]
    literal = activity(NOW, "checkout", **{"cart.total": 5, "cart": {"total": 9}})
    assert holds_after({"activity": {}, "sum": {"of": "cart.total", "eq": 8}}, [*carts, literal], NOW)[0]


def test_a_leaf_with_a_sum_is_no_filter_only_leaf_and_needs_what_its_window_holds() -> None:
    ready = compile_dict(bought("sum", gte=1))
    assert not ready.is_filter_only
    assert ready.counters[0].earliest_needed(NOW) is None
    assert compile_dict(bought("sum", {"within": "7d"}, gte=1)).counters[0].earliest_needed(NOW) == NOW - 7 * DAY


@pytest.mark.parametrize("name", ["sum", "average", "distinct"])
@pytest.mark.parametrize(
    "beside",
    [
        {"count": {"gte": 1}},
        {"never": True},
        {"first": True},
        {"last": {"name": {"eq": "a"}}},
        {"regular": {"at_least": 1, "of": 2, "each": "1d"}},
    ],
)
def test_it_stands_alone(name: str, beside: dict[str, Any]) -> None:
    with pytest.raises(ConditionRefused, match="which stands alone") as refused:
        compile_dict({**BOUGHT, name: {"of": "amount", "gte": 1}, **beside})
    assert refused.value.path == tuple(beside)


@pytest.mark.parametrize("name", ["sum", "average", "distinct"])
def test_without_an_operator_it_is_refused(name: str) -> None:
    with pytest.raises(ConditionRefused, match="an operator is missing") as refused:
        compile_dict({**BOUGHT, name: {"of": "amount"}})
    assert refused.value.path == (name,)
