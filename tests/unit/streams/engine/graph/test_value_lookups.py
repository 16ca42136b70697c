"""Tables find which tests a value passes, bounds and folding included."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from streams.engine.conditions.text import fold_for
from streams.engine.graph.value_lookups import NumberRange, NumberTable, TextSet, TextTable, find_lookup

FOLD = fold_for(case_sensitive=False)
EXACT = fold_for(case_sensitive=True)


def lookup(kind: PropertyType | None = None, **operators: Any) -> Any:
    return find_lookup(Operators.model_validate(operators), kind, 4)


@pytest.mark.parametrize(
    ("operators", "low", "high"),
    [
        ({"gt": 5}, (5, False), None),
        ({"gte": 5}, (5, True), None),
        ({"lt": 5}, None, (5, False)),
        ({"lte": 5}, None, (5, True)),
        ({"eq": 5}, (5, True), (5, True)),
        ({"between": [1, 5]}, (1, True), (5, True)),
        ({"gt": 5, "gte": 5}, (5, False), None),
        ({"gt": 4, "gte": 5}, (5, True), None),
        ({"lt": 5, "lte": 5}, None, (5, False)),
        ({"lt": 5, "lte": 4}, None, (4, True)),
        ({"between": [1, 5], "gt": 1, "lt": 9}, (1, False), (5, True)),
    ],
)
def test_operators_on_numbers_are_one_range(operators: dict[str, Any], low: Any, high: Any) -> None:
    assert lookup("number", **operators) == lookup(None, **operators) == NumberRange(low, high)


def test_equality_and_beginnings_of_texts_are_sets_of_folded_texts() -> None:
    assert lookup("text", eq="Pro") == TextSet(FOLD, frozenset({"pro"}), is_prefix=False)
    assert lookup(None, **{"in": ["A", "b"]}) == TextSet(FOLD, frozenset({"a", "b"}), is_prefix=False)
    assert lookup(starts_with="Ab", case_sensitive=True) == TextSet(EXACT, frozenset({"Ab"}), is_prefix=True)
    assert lookup(starts_with="2026-01-01") == TextSet(FOLD, frozenset({"2026-01-01"}), is_prefix=True)


@pytest.mark.parametrize(
    ("kind", "operators"),
    [
        ("text", {"ne": "a"}),
        ("text", {"eq": "a", "exists": True}),
        (None, {"eq": "a", "gte": 5}),
        (None, {"eq": "2026-01-01"}),
        (None, {"in": ["soon", "now/d"]}),
        (None, {"in": ["a", 5]}),
        (None, {"in": []}),
        (None, {"eq": True}),
        (None, {"gte": "2026-01-01"}),
        ("date", {"eq": "2026-01-01"}),
        ("list", {"contains": "a"}),
        ("boolean", {"eq": True}),
        ("number", {"in": [1, 2]}),
    ],
)
def test_what_a_table_cannot_decide_has_no_entry(kind: PropertyType | None, operators: dict[str, Any]) -> None:
    assert lookup(kind, **operators) is None


def test_each_bound_is_inside_or_outside_as_its_operator_says() -> None:
    ranges = [lookup(gt=5), lookup(gte=5), lookup(lt=5), lookup(lte=5), lookup(eq=5), lookup(gt=4, lt=5)]
    table = NumberTable([(1 << place, one) for place, one in enumerate(ranges)])
    passed = [table.passed(number) for number in (4, 4.5, 5, 5.0, 5.5)]
    assert passed == [0b001100, 0b101100, 0b011010, 0b011010, 0b000011]


def test_ranges_with_two_bounds_hold_what_lies_between_them() -> None:
    ranges = [
        lookup(between=[1, 5]),
        lookup(gt=1, lt=5),
        lookup(gte=1, lt=5),
        lookup(gte=5, lt=5),
        lookup(gt=5, lt=5),
    ]
    table = NumberTable([(1 << place, one) for place, one in enumerate(ranges)])
    assert [table.passed(number) for number in (0, 1, 3, 5, 6)] == [0, 0b00101, 0b00111, 0b00001, 0]


def test_many_thresholds_are_passed_up_to_the_number_and_from_it_on() -> None:
    ranges = [lookup(gte=bound) for bound in range(10)] + [lookup(lt=bound) for bound in range(10)]
    table = NumberTable([(1 << place, one) for place, one in enumerate(ranges)])
    for number in (-1, 0, 3, 3.5, 9, 10):
        expected = [bound <= number for bound in range(10)] + [number < bound for bound in range(10)]
        assert [bool(table.passed(number) >> place & 1) for place in range(20)] == expected


def test_numbers_beyond_a_double_are_compared_exactly() -> None:
    table = NumberTable([(1, lookup(gt=2**53)), (2, lookup(eq=2**53 + 1)), (4, lookup(lte=float(2**53)))])
    assert [table.passed(number) for number in (2**53, 2**53 + 1, 2.0**53)] == [4, 3, 4]


def test_a_text_passes_the_sets_that_hold_it_and_the_beginnings_that_it_has() -> None:
    table = TextTable(FOLD)
    sets = [
        lookup(eq="Pro"),
        lookup(None, **{"in": ["pro", "free"]}),
        lookup(starts_with="PR"),
        lookup(starts_with="prof"),
    ]
    for place, one in enumerate([*sets, lookup(starts_with="")]):
        table.add(1 << place, one)
    passed = [table.passed(text) for text in ("PRO", "free", "prof.", "p", "")]
    assert passed == [0b10111, 0b10010, 0b11100, 0b10000, 0b10000]
