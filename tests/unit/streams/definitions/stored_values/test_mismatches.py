"""Where an operator met values of another type: property, how many contacts, an example."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.definitions.stored_values.mismatches import ValueMismatches
from streams.definitions.stored_values.property_checks import definitions_checks
from streams.definitions.stored_values.tally import MAX_LINES
from streams.engine.state.contact import Contact
from tests.harness.engine.engine_driver import sound_definitions

Values = dict[str, dict[str, Any]]
"""Contact -> its properties."""


def contact(name: str, properties: dict[str, Any]) -> Contact:
    return Contact("default", name, created=0, clock=0, settled=0, properties=properties)


def mismatches(
    when: dict[str, Any], values: Values, version: EngineVersion = NEWEST_VERSION, **types: str
) -> ValueMismatches:
    """Returns what the segment `s` with this condition meets."""
    segment = {"id": "s", "dynamic": True, "when": when}
    definitions = sound_definitions({"engine_version": version, "properties": types, "segments": [segment]})
    report = ValueMismatches(definitions_checks(definitions))
    for name, properties in values.items():
        report.add(contact(name, properties))
    return report


def sites(report: ValueMismatches) -> list[tuple[str, str, int]]:
    """Returns (property, operator, number of contacts) of each."""
    return [(each["property"], each["operator"], each["contacts"]) for each in report.to_list()]


def is_mismatch(operators: dict[str, Any], value: Any, version: EngineVersion = NEWEST_VERSION, **types: str) -> bool:
    """Whether the only operator on property `p` cannot meet the value."""
    (operator,) = operators
    met = sites(mismatches({"property": "p", **operators}, {"ann": {"p": value}}, version, **types))
    assert met in ([], [("p", operator, 1)])
    return bool(met)


def misfits(operators: dict[str, Any], values: list[Any]) -> list[Any]:
    """Returns those of the values that the operator cannot meet."""
    return [value for value in values if is_mismatch(operators, value)]


NUMBER_OPERATORS: list[dict[str, Any]] = [
    {"eq": 5}, {"ne": 5}, {"in": [5, 6]}, {"not_in": [5]}, {"gt": 5}, {"gte": 5}, {"lt": 5}, {"lte": 5},
    {"between": [5, 6]},
]  # fmt: skip
TEXT_OPERATORS: list[dict[str, Any]] = [
    {"eq": "abc"}, {"ne": "abc"}, {"in": ["abc"]}, {"not_in": ["abc"]}, {"starts_with": "a"}, {"ends_with": "c"},
    {"matches": "b"}, {"contains": "b"}, {"not_contains": "b"},
]  # fmt: skip
DATE_OPERATORS: list[dict[str, Any]] = [
    {"gt": "now"}, {"gte": "2026-03-01"}, {"lt": "now"}, {"lte": "now"}, {"between": ["2026-03-01", "2026-04-01"]},
    {"before": "now"}, {"after": "now"}, {"within_last": "7d"}, {"within_next": "7d"}, {"older_than": "7d"},
    {"anniversary_within": "7d"},
]  # fmt: skip
LIST_OPERATORS: list[dict[str, Any]] = [
    {"contains": 5}, {"not_contains": 5}, {"contains_any": [5, 6]}, {"contains_all": [5, 6]},
]  # fmt: skip


@pytest.mark.parametrize("operators", NUMBER_OPERATORS, ids=lambda each: next(iter(each)))
def test_a_number_operand_meets_numbers_and_text_that_reads_as_one(operators: dict[str, Any]) -> None:
    fitting: list[Any] = [5, 5.5, -0.0, "5", " 5.0 ", "1e3"]
    assert misfits(operators, fitting) == []
    others: list[Any] = ["", "5 pieces", "05", "1e999", True, [5], {"a": 5}]
    assert misfits(operators, others) == others


@pytest.mark.parametrize("operators", TEXT_OPERATORS, ids=lambda each: next(iter(each)))
def test_a_text_operand_meets_text_and_numbers(operators: dict[str, Any]) -> None:
    fitting: list[Any] = ["abc", "", "5", 5, 5.5]
    assert misfits(operators, fitting) == []
    others: list[Any] = [True, False, {"a": "abc"}]
    assert misfits(operators, others) == others


def test_before_version_4_text_and_numbers_meet_their_own_kind_only() -> None:
    for operators in NUMBER_OPERATORS:
        assert is_mismatch(operators, "5", 3)
        assert not is_mismatch(operators, 5, 3)
    for operators in TEXT_OPERATORS:
        assert is_mismatch(operators, 5, 3)
        assert not is_mismatch(operators, "5", 3)
    assert is_mismatch({"contains": 5}, ["5"], 3)
    assert not is_mismatch({"contains": 5}, ["5"], 4)


def test_text_that_differs_is_of_the_same_type() -> None:
    assert not is_mismatch({"eq": "abc"}, "xyz")
    assert not is_mismatch({"eq": "2026-03-01"}, "soon")


def test_booleans_meet_booleans() -> None:
    for operators in ({"eq": True}, {"ne": True}, {"in": [True]}):
        assert not is_mismatch(operators, False)
        others: list[Any] = ["true", 1, [True]]
        assert misfits(operators, others) == others


@pytest.mark.parametrize("operators", DATE_OPERATORS, ids=lambda each: next(iter(each)))
def test_a_date_operator_meets_dates(operators: dict[str, Any]) -> None:
    fitting: list[Any] = ["2026-03-31", "2026-03-31T09:00:00Z"]
    assert misfits(operators, fitting) == []
    others: list[Any] = ["31.03.2026", "2026-02-30", "", 20260331, True, ["2026-03-31"]]
    assert misfits(operators, others) == others


@pytest.mark.parametrize("operators", LIST_OPERATORS, ids=lambda each: next(iter(each)))
def test_a_list_operator_meets_lists_with_an_item_of_its_kind(operators: dict[str, Any]) -> None:
    fitting: list[Any] = [[], [5], ["a", 7], ["5"]]
    assert misfits(operators, fitting) == []
    others: list[Any] = [5, "5", {"a": 5}, ["a", True]]
    assert misfits(operators, others) == others


def test_contains_with_text_looks_in_text_and_in_lists() -> None:
    assert not is_mismatch({"contains": "b"}, ["abc"])
    assert not is_mismatch({"contains": "2"}, [23])
    assert is_mismatch({"contains": "b"}, [True])
    assert is_mismatch({"starts_with": "b"}, ["abc"])


def test_operands_of_several_kinds_meet_values_of_each() -> None:
    operators = {"in": [True, "abc"]}
    assert not is_mismatch(operators, False)
    assert not is_mismatch(operators, "xyz")
    assert is_mismatch(operators, 5, 3)
    assert is_mismatch(operators, [True])


def test_a_missing_value_is_of_no_type() -> None:
    assert sites(mismatches({"property": "p", "gte": 5}, {"ann": {}, "bob": {"p": None}})) == []


def test_exists_and_empty_meet_every_value() -> None:
    values: Values = {"ann": {"p": "many"}, "bob": {"p": True}}
    for operators in ({"exists": True}, {"exists": False}, {"empty": True}, {"empty": False}):
        assert sites(mismatches({"property": "p", **operators}, values)) == []
        assert sites(mismatches({"property": "p", **operators}, values, p="number")) == []


@pytest.mark.parametrize(
    ("kind", "operators", "met", "missing"),
    [
        ("number", {"gte": 5}, 4, "50"),
        ("text", {"eq": "abc"}, "xyz", 5),
        ("boolean", {"eq": True}, False, "true"),
        ("date", {"eq": "now"}, "2026-03-01", "2026-03-01T09:00:00Z"),
        ("datetime", {"after": "now"}, "2026-03-01T09:00:00Z", "soon"),
        ("list", {"contains": "a"}, ["b"], "abc"),
        ("list", {"contains": "a"}, [], [["a"]]),
        ("object", {"has_item": {"a": {"eq": 1}}}, [{"a": 2}], [{"a": 1}, 1]),
    ],
)
def test_a_stored_value_that_does_not_fit_the_declared_type_is_met_by_no_operator(
    kind: str, operators: dict[str, Any], met: Any, missing: Any
) -> None:
    for version in (3, 4):
        assert not is_mismatch(operators, met, version, p=kind)
        assert is_mismatch(operators, missing, version, p=kind)


def test_the_items_of_a_declared_list_stay_strict() -> None:
    assert not is_mismatch({"contains": 5}, ["5"])
    assert is_mismatch({"contains": 5}, ["5"], p="list")
    assert sites(mismatches({"tags": {"contains": "5"}}, {"ann": {"tags": [5]}})) == [("tags", "contains", 1)]


def test_a_datetime_may_be_stored_as_a_calendar_date_since_version_4() -> None:
    assert not is_mismatch({"before": "now"}, "2026-03-01", 4, p="datetime")
    assert is_mismatch({"before": "now"}, "2026-03-01", 3, p="datetime")


def test_keys_lead_into_objects_whose_values_have_no_declared_type() -> None:
    values: Values = {
        "ann": {"address": {"floor": "third"}},
        "bob": {"address": {"floor": "3"}},
        "cem": {"address": {"city": "Bonn"}},
        "dan": {"address": "Bonn, third floor"},
    }
    report = mismatches({"property": ["address", "floor"], "gte": 2}, values, address="object")
    assert sites(report) == [("[address, floor]", "gte", 2)]


def test_has_item_needs_a_list_of_objects_and_its_fields_have_types_too() -> None:
    values: Values = {
        "ann": {"orders": [{"amount": 5}, {"amount": "free"}, {"amount": "gratis"}]},
        "bob": {"orders": [{"amount": "5"}, {}]},
        "cem": {"orders": {"amount": 5}},
        "dan": {"orders": ["5"]},
        "eve": {"orders": []},
    }
    report = mismatches({"property": "orders", "has_item": {"amount": {"gte": 5}}}, values)
    assert sites(report) == [("orders", "has_item", 2), ("orders", "has_item.amount.gte", 1)]
    assert report.to_list()[1]["example"] == {"contact": "ann", "value": '"free"'}


def test_tags_are_a_list() -> None:
    report = mismatches({"tags": {"contains": "vip"}}, {"ann": {"tags": "vip"}, "bob": {"tags": ["new"]}})
    assert sites(report) == [("tags", "contains", 1)]


def test_leaves_anywhere_in_the_tree_are_looked_at_and_a_contact_counts_once_for_an_operator() -> None:
    either = {"any": [{"property": "p", "gte": 5}, {"not": {"property": "p", "gte": 9, "lt": 20}}]}
    report = mismatches({"all": [either, {"status": {"eq": "active"}}]}, {"ann": {"p": "many"}, "bob": {"p": 7}})
    assert sites(report) == [("p", "gte", 1), ("p", "lt", 1)]


def test_each_segment_and_rule_is_told_apart() -> None:
    leaf = {"property": "p", "gte": 5}
    rule = {"id": "r", "when": leaf, "then": {"add_points": 1}}
    definitions = sound_definitions(
        {
            "segments": [{"id": name, "dynamic": True, "when": leaf} for name in ("a", "b")],
            "campaigns": [{"id": "c", "automation": [rule], "scoring": [{"id": "t", "when": leaf, "points": 1}]}],
        }
    )
    report = ValueMismatches(definitions_checks(definitions))
    report.add(contact("ann", {"p": "many"}))
    assert [each["owner"] for each in report.to_list()] == ["rule c/r", "rule c/t", "segment a", "segment b"]


def test_people_see_the_most_contacts_first_each_with_the_value_of_one_contact() -> None:
    when = {"all": [{"property": "p", "gte": 5}, {"property": "q", "eq": True}]}
    values: Values = {"cem": {"p": "many", "q": "yes"}, "ann": {"p": "some"}, "bob": {"p": 7}}
    for order in (list(values), list(values)[::-1]):
        report = mismatches(when, {name: values[name] for name in order})
        assert list(report.lines()) == [
            'segment s: gte of property p, 2 contacts (ann: "some", ...)',
            'segment s: eq of property q, 1 contact (cem: "yes")',
        ]
        assert list(report.notes()) == [
            'gte of property p met values of another type in 2 contacts (ann: "some", ...)',
            'eq of property q met values of another type in 1 contact (cem: "yes")',
        ]


def test_a_long_value_is_cut_and_half_a_surrogate_pair_can_be_written() -> None:
    (entry,) = mismatches({"property": "p", "gte": 5}, {"ann": {"p": "x" * 1_000}}).to_list()
    assert entry["example"]["value"] == '"' + "x" * 36 + "..."
    (line,) = mismatches({"property": "p", "gte": 5}, {"ann": {"p": "\ud83d"}}).lines()
    assert line.encode().endswith(b'(ann: "?")')


def test_the_lines_are_bounded() -> None:
    leaves = [{"property": f"p{number}", "gte": 5} for number in range(MAX_LINES + 2)]
    report = mismatches({"all": leaves}, {"ann": {f"p{number}": "many" for number in range(MAX_LINES + 2)}})
    lines = list(report.lines())
    assert (len(lines), lines[-1]) == (MAX_LINES + 1, "and 2 more; --json lists all")
    assert len(report.to_list()) == MAX_LINES + 2
