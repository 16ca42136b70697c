"""Numbers, booleans, lists, objects and missing values."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.conditions import scalars
from streams.engine.conditions.errors import ConditionRefused
from tests.harness.engine.conditions import compile_dict, holds

NUMBERS: list[tuple[dict[str, Any], Any, bool]] = [
    ({"eq": 5}, 5.0, True),
    ({"eq": 1}, True, False),
    ({"eq": 0.1}, 0.1, True),
    ({"ne": 5}, 5, False),
    ({"in": [1, 2.5]}, 2.5, True),
    ({"in": [1]}, True, False),
    ({"not_in": [1, 2]}, 3, True),
    ({"gt": 5}, 5, False),
    ({"gt": 5}, 5.001, True),
    ({"gte": 5}, 5, True),
    ({"lt": 5}, 5, False),
    ({"lt": 10}, 9, True),
    ({"lte": 5}, 5, True),
    ({"between": [5, 7]}, 5, True),
    ({"between": [5, 7]}, 7, True),
    ({"between": [5, 7]}, 7.01, False),
    ({"gt": 9_007_199_254_740_992}, 9_007_199_254_740_993, True),
    ({"empty": True}, 0, False),
    ({"exists": True}, 0, True),
]
TEXTS: list[tuple[dict[str, Any], Any, bool]] = [
    ({"eq": 5}, "5", False),
    ({"ne": 5}, "5", True),
    ({"in": [5]}, "5", False),
    ({"not_in": [5]}, "5", True),
    ({"lt": 10}, "9", False),
    ({"gte": 5}, "9", False),
    ({"between": [5, 9]}, "9", False),
]
"""Where text is no number: on a declared number, and on an undeclared value before engine version 4."""

versions = pytest.mark.parametrize("version", get_args(EngineVersion))


@versions
@pytest.mark.parametrize("declared", ["number", None])
@pytest.mark.parametrize(("operators", "value", "expected"), NUMBERS)
def test_numbers_compare_as_numbers(
    operators: dict[str, Any],
    value: Any,
    expected: bool,
    declared: PropertyType | None,
    version: EngineVersion,
) -> None:
    types: dict[str, Any] = {} if declared is None else {"size": declared}
    leaf = {"property": "size", **operators}
    assert holds(leaf, {"size": value}, engine_version=version, **types) is expected


@pytest.mark.parametrize(("version", "declared"), [(3, "number"), (3, None), (4, "number")])
@pytest.mark.parametrize(("operators", "value", "expected"), TEXTS)
def test_text_is_no_number(
    operators: dict[str, Any],
    value: Any,
    expected: bool,
    declared: PropertyType | None,
    version: EngineVersion,
) -> None:
    types: dict[str, Any] = {} if declared is None else {"size": declared}
    leaf = {"property": "size", **operators}
    assert holds(leaf, {"size": value}, engine_version=version, **types) is expected


@pytest.mark.parametrize("declared", ["boolean", None])
@pytest.mark.parametrize(
    ("operators", "value", "expected"),
    [
        ({"eq": True}, True, True),
        ({"eq": True}, False, False),
        ({"eq": True}, 1, False),
        ({"eq": False}, 0, False),
        ({"ne": True}, False, True),
        ({"in": [True]}, True, True),
        ({"in": [True]}, 1, False),
        ({"empty": True}, False, False),
    ],
)
def test_booleans_are_no_numbers(
    operators: dict[str, Any], value: Any, expected: bool, declared: PropertyType | None
) -> None:
    types: dict[str, Any] = {} if declared is None else {"flag": declared}
    assert holds({"property": "flag", **operators}, {"flag": value}, **types) is expected


@pytest.mark.parametrize("declared", ["list", None])
@pytest.mark.parametrize(
    ("operators", "value", "expected"),
    [
        ({"contains": "VIP"}, ["vip", "eu"], True),
        ({"contains": "vi"}, ["vip"], False),
        ({"contains": "VIP", "case_sensitive": True}, ["vip"], False),
        ({"contains": 5}, [4, 5.0], True),
        ({"contains": 1}, [True], False),
        ({"not_contains": "vip"}, ["eu"], True),
        ({"not_contains": "vip"}, ["VIP"], False),
        ({"contains_any": ["a", "b"]}, ["B"], True),
        ({"contains_any": ["a", "b"]}, ["c", "B"], True),
        ({"contains_any": ["a", "b"]}, ["c"], False),
        ({"contains_any": []}, ["c"], False),
        ({"contains_all": ["a", "b"]}, ["b", "A", "c"], True),
        ({"contains_all": ["a", "b"]}, ["a"], False),
        ({"contains_all": []}, [], True),
        ({"empty": True}, [], True),
        ({"exists": True}, [], True),
        ({"empty": False}, [""], True),
    ],
)
def test_lists_hold_their_items(
    operators: dict[str, Any], value: Any, expected: bool, declared: PropertyType | None
) -> None:
    types: dict[str, Any] = {} if declared is None else {"marks": declared}
    assert holds({"property": "marks", **operators}, {"marks": value}, **types) is expected


def test_one_item_meets_the_whole_filter() -> None:
    leaf = {"property": "orders", "has_item": {"sku": {"eq": "A-1"}, "amount": {"gte": 100}}}
    assert holds(leaf, {"orders": [{"sku": "a-1", "amount": 100}]}, orders="object")
    assert not holds(leaf, {"orders": [{"sku": "A-1", "amount": 5}, {"sku": "B-2", "amount": 500}]})
    assert not holds(leaf, {"orders": ["A-1"]})
    assert not holds(leaf, {"orders": {"sku": "A-1", "amount": 100}})


def test_a_date_in_an_item_is_due() -> None:
    leaf = {"property": "orders", "has_item": {"paid": {"older_than": "1d"}}}
    paid = {"orders": [{"paid": "2026-03-09T12:00:00.001Z"}]}
    ready = compile_dict(leaf)
    from tests.harness.engine.conditions import NOW, contact, evaluation_context

    person = contact(properties=paid)
    assert not ready.node.holds(evaluation_context(person))
    assert ready.node.due(evaluation_context(person)) == NOW + 1
    assert ready.node.holds(evaluation_context(person, NOW + 1))


def test_nested_names_lead_into_objects() -> None:
    leaf = {"property": ["address", "city", "name"], "eq": "Berlin"}
    assert holds(leaf, {"address": {"city": {"name": "Berlin"}}}, address="object")
    assert not holds(leaf, {"address": {"city": "Berlin"}}, address="object")
    assert not holds(leaf, {"address": [{"city": {"name": "Berlin"}}]})
    assert not holds(leaf, {})
    assert compile_dict(leaf).properties == {"address"}


def test_a_dot_in_a_name_is_a_dot() -> None:
    assert holds({"property": "a.b", "eq": 1}, {"a.b": 1})
    assert not holds({"property": "a.b", "eq": 1}, {"a": {"b": 1}})


TRUE_WHERE_MISSING: list[dict[str, Any]] = [
    {"ne": "x"},
    {"ne": 5},
    {"not_in": ["x"]},
    {"not_contains": "x"},
    {"empty": True},
    {"exists": False},
]
FALSE_WHERE_MISSING: list[dict[str, Any]] = [
    {"eq": "x"},
    {"in": ["x"]},
    {"gt": 0},
    {"gte": 0},
    {"lt": 0},
    {"lte": 0},
    {"between": [0, 1]},
    {"contains": "x"},
    {"starts_with": ""},
    {"ends_with": ""},
    {"matches": ""},
    {"exists": True},
    {"empty": False},
    {"contains_any": ["x"]},
    {"contains_all": []},
    {"has_item": {}},
    {"before": "now"},
    {"after": "now"},
    {"within_last": "1d"},
    {"within_next": "1d"},
    {"older_than": "1d"},
    {"anniversary_within": "366d"},
]


@pytest.mark.parametrize("operators", TRUE_WHERE_MISSING)
@pytest.mark.parametrize("properties", [{}, {"thing": None}])
def test_of_a_missing_property_the_negative_operators_are_true(
    operators: dict[str, Any], properties: dict[str, Any]
) -> None:
    assert holds({"property": "thing", **operators}, properties)
    assert not holds({"not": {"property": "thing", **operators}}, properties)


@pytest.mark.parametrize("operators", FALSE_WHERE_MISSING)
@pytest.mark.parametrize("properties", [{}, {"thing": None}])
def test_of_a_missing_property_every_other_operator_is_false(
    operators: dict[str, Any], properties: dict[str, Any]
) -> None:
    assert not holds({"property": "thing", **operators}, properties)
    assert holds({"not": {"property": "thing", **operators}}, properties)


@pytest.mark.parametrize("declared", ["date", "datetime"])
@pytest.mark.parametrize("operators", [{"ne": "2026-03-10"}, {"not_in": ["2026-03-10", "now/d"]}])
@pytest.mark.parametrize("properties", [{}, {"ends": None}, {"ends": "soon"}])
def test_a_missing_date_is_no_other_date(
    operators: dict[str, Any], properties: dict[str, Any], declared: PropertyType
) -> None:
    assert holds({"property": "ends", **operators}, properties, ends=declared)
    assert not holds({"not": {"property": "ends", **operators}}, properties, ends=declared)


@pytest.mark.parametrize("value", ["", [], {}])
def test_empty_values_exist_and_are_empty(value: Any) -> None:
    assert holds({"property": "thing", "exists": True}, {"thing": value})
    assert holds({"property": "thing", "empty": True}, {"thing": value})
    assert not holds({"property": "thing", "exists": False}, {"thing": value})
    assert not holds({"property": "thing", "empty": False}, {"thing": value})


@pytest.mark.parametrize("operators", [{"eq": 5}, {"exists": True}, {"empty": False}])
def test_a_value_of_another_type_than_declared_is_missing(operators: dict[str, Any]) -> None:
    assert not holds({"property": "size", **operators}, {"size": "5"}, size="number")


MISFITS: list[tuple[PropertyType, dict[str, Any]]] = [
    ("text", {"gt": "x"}),
    ("text", {"eq": 5}),
    ("text", {"in": ["a", 5]}),
    ("text", {"contains": 5}),
    ("text", {"within_last": "1d"}),
    ("text", {"contains_any": ["a"]}),
    ("number", {"eq": "5"}),
    ("number", {"gte": "5"}),
    ("number", {"eq": True}),
    ("number", {"between": [1, "2"]}),
    ("number", {"starts_with": "5"}),
    ("boolean", {"eq": 1}),
    ("boolean", {"gt": True}),
    ("date", {"eq": 5}),
    ("date", {"before": "tomorrow"}),
    ("date", {"contains": "2026"}),
    ("datetime", {"between": ["2026-01-01", "soon"]}),
    ("list", {"eq": "a"}),
    ("list", {"matches": "a"}),
    ("object", {"contains": "a"}),
    ("object", {"gt": 1}),
]


@pytest.mark.parametrize(("declared", "operators"), MISFITS)
def test_an_operator_or_operand_that_does_not_fit_the_declared_type_is_refused(
    declared: PropertyType, operators: dict[str, Any]
) -> None:
    with pytest.raises(ConditionRefused):
        compile_dict({"property": "thing", **operators}, thing=declared)


@pytest.mark.parametrize(
    "operators", [{}, {"eq": None}, {"case_sensitive": True}, {"gt": True}, {"between": [1, True]}]
)
def test_an_undeclared_property_needs_operators_that_make_sense(operators: dict[str, Any]) -> None:
    with pytest.raises(ConditionRefused):
        compile_dict({"property": "thing", **operators})


def test_keys_inside_something_that_is_no_object_are_refused() -> None:
    with pytest.raises(ConditionRefused, match="no keys inside"):
        compile_dict({"property": ["size", "width"], "eq": 5}, size="number")


def test_a_refusal_says_where_it_is() -> None:
    tree = {"all": [{"all": []}, {"not": {"any": [{"property": "size", "gt": "x"}]}}]}
    with pytest.raises(ConditionRefused) as refused:
        compile_dict(tree, size="number")
    assert refused.value.path == ("all", 1, "not", "any", 0, "gt")


@pytest.mark.parametrize("declared", ["date", "datetime"])
def test_text_that_is_no_date_is_missing_to_a_declared_date(declared: PropertyType) -> None:
    """Such a value exists when a property was declared after it was set."""
    assert not holds({"property": "ends", "exists": True}, {"ends": "soon"}, ends=declared)
    assert holds({"property": "ends", "empty": True}, {"ends": "soon"}, ends=declared)
    value = {"date": "2026-03-01", "datetime": "2026-03-01T00:00:00.000Z"}[declared]
    assert holds({"property": "ends", "exists": True}, {"ends": value}, ends=declared)


@pytest.mark.parametrize("converts", [False, True])
def test_a_list_is_folded_once_however_many_operands_there_are(converts: bool) -> None:
    folded: list[str] = []

    def fold(text: str) -> str:
        folded.append(text)
        return text.casefold()

    contains_all = scalars.list_contains_all([*"abcdefghij", 5, True], scalars.Comparison(fold, converts))
    items = [*"JIHGFEDCBA", 5, True]
    folded.clear()
    assert contains_all(items)
    assert len(folded) == len(items) - (1 if converts else 2)
    assert not contains_all(items[1:])
