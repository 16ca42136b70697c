"""Equality with a date without a declared type: compares dates when the value is a date, else text."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from schemas.definitions import PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from schemas.values import instant_ms
from tests.harness.engine.conditions import (
    NOW,
    activity,
    compile_dict,
    contact,
    due,
    evaluation_context,
    holds,
    holds_after,
)
from tests.harness.engine.engine_driver import EngineDriver, day
from tests.harness.engine.reference_evaluator import ContactModel, HistoryActivity
from tests.harness.engine.reference_evaluator import holds as naive_holds

NINE = "2026-03-10T08:00:00Z"

EQUALS: list[tuple[object, object, bool]] = [
    (NINE, "2026-03-10T08:00:00.000Z", True),
    (NINE, "2026-03-10T09:00:00+01:00", True),
    (NINE, "2026-03-10t08:00:00z", True),
    (NINE, "2026-03-10T08:00:00.001Z", False),
    (NINE, "2026-03-09", False),
    ("2026-03-10", NINE, True),
    ("2026-03-10", "2026-03-10", True),
    ("2026-03-10", "2026-03-09T23:00:00Z", True),  # midnight in Berlin
    ("2026-03-10", "2026-03-09T22:59:59.999Z", False),
    ("2026-03-10", "2026-03-10T23:00:00Z", False),
    ("2026-03-10", "2026-03-11", False),
    ("now/d", "2026-03-10", True),
    ("now/d", "2026-03-09", False),
    ("now/d", "now/d", True),  # no date, so text
    ("now", "NOW", True),
    ("2026-02-28||+1d", "2026-03-01T12:00:00Z", True),
    ("2026-02-30", "2026-02-30", True),  # no day of the calendar: text on both sides
    ("2026-03-10", "on 2026-03-10", False),
    ("2026-03-10", 20260310, False),
    ("2026-03-10", ["2026-03-10"], False),
    ("2026-03-10", None, False),
    ("soon", "2026-03-10", False),
    ("SOON", "soon", True),
    (5, 5.0, True),
]


versions = pytest.mark.parametrize("version", get_args(EngineVersion))


def _told(operators: dict[str, Any], value: object, version: EngineVersion = NEWEST_VERSION) -> tuple[bool, bool]:
    """In the engine, and recomputed from the whole history."""
    leaf = {"property": "u", **operators}
    properties = {} if value is None else {"u": value}
    world = ContactModel(properties, zone="Europe/Berlin", engine_version=version)
    return holds(leaf, properties, NOW, "Europe/Berlin", version), naive_holds(leaf, world, NOW)


@versions
@pytest.mark.parametrize(("operand", "value", "expected"), EQUALS)
def test_dates_are_equal_as_dates_and_anything_else_by_its_own_type(
    operand: object, value: object, expected: bool, version: EngineVersion
) -> None:
    assert _told({"eq": operand}, value, version) == (expected, expected)
    assert _told({"ne": operand}, value, version) == (not expected, not expected)
    assert _told({"in": [True, operand]}, value, version) == (expected, expected)
    assert _told({"not_in": [operand, True]}, value, version) == (not expected, not expected)


@versions
@pytest.mark.parametrize(("operand", "value", "expected"), [row for row in EQUALS if "2026-03-10" in str(row[0])])
def test_equal_is_neither_before_nor_after(
    operand: object, value: object, expected: bool, version: EngineVersion
) -> None:
    assert _told({"gte": operand, "lte": operand}, value, version) == (expected, expected)


def test_in_version_3_a_calendar_date_is_its_midnight_to_an_instant() -> None:
    assert _told({"eq": NINE}, "2026-03-10", 3) == (False, False)
    assert _told({"eq": "2026-03-09T23:00:00Z"}, "2026-03-10", 3) == (True, True)
    assert _told({"lt": NINE}, "2026-03-10", 3) == (True, True)


def test_each_of_several_operands_compares_by_its_own_type() -> None:
    operands = ["2026-03-10", "soon", 5, "now-7d/d"]
    values: tuple[object, ...] = ("2026-03-10T12:00:00+01:00", "Soon", 5, "2026-03-02T23:00:00Z")
    others: tuple[object, ...] = ("2026-03-11", "later", 6, None, ["soon"])
    for value in values:
        assert _told({"in": operands}, value) == (True, True)
        assert _told({"not_in": operands}, value) == (False, False)
    for value in others:
        assert _told({"in": operands}, value) == (False, False)
        assert _told({"not_in": operands}, value) == (True, True)


@pytest.mark.parametrize("kind", ["text"])
def test_a_property_declared_text_compares_text(kind: PropertyType) -> None:
    leaf = {"property": "u", "eq": NINE}
    for value, expected in ((NINE, True), ("2026-03-10T08:00:00.000Z", False)):
        assert holds(leaf, {"u": value}, u=kind) is expected
        assert naive_holds(leaf, ContactModel({"u": value}, {"u": kind}), NOW) is expected


def test_text_beside_a_date_can_still_be_case_sensitive() -> None:
    assert _told({"in": ["Soon", "2026-03-10"], "case_sensitive": True}, "soon") == (False, False)
    assert _told({"in": ["Soon", "2026-03-10"], "case_sensitive": True}, "2026-03-10T08:00:00Z") == (True, True)


def test_nested_values_and_items_of_lists_have_no_declared_type_either() -> None:
    nested = {"property": ["home", "since"], "eq": "2026-03-10"}
    items = {"property": "orders", "has_item": {"due": {"eq": "2026-03-10"}}}
    for at, expected in ((NINE, True), ("2026-03-11T08:00:00Z", False)):
        properties = {"home": {"since": at}, "orders": [{"due": "2026-01-01"}, {"due": at}]}
        for leaf in (nested, items):
            assert holds(leaf, properties, home="object", orders="object") is expected
            assert (
                naive_holds(leaf, ContactModel(properties, {"home": "object", "orders": "object"}), NOW) is expected
            )


def test_neither_is_a_property_of_an_event() -> None:
    leaf = {"activity": {"d": {"eq": "2026-03-10"}}}
    for at, expected in ((NINE, True), ("2026-03-11T08:00:00Z", False)):
        assert holds_after(leaf, [activity(NOW, "form", d=at)], NOW)[0] is expected
        event = HistoryActivity(NOW, {"properties": {"d": at}}, "form", False)
        assert naive_holds(leaf, ContactModel(activities=[event]), NOW) is expected


def test_the_day_of_an_event_is_the_one_on_which_it_happened() -> None:
    leaf = {"activity": {"d": {"eq": "now/d"}}}
    for at, expected in ((NOW, True), (NOW - 86_400_000, False)):
        assert holds_after(leaf, [activity(at, "form", d="2026-03-10")], NOW)[0] is expected


def test_the_zone_of_the_leaf_decides_when_the_day_is() -> None:
    leaf = {"property": "u", "eq": "2026-03-10", "in_zone": "contact"}
    properties = {"u": "2026-03-09T15:00:00Z", "time_zone": "Asia/Tokyo"}
    assert holds(leaf, properties, zone="Europe/Berlin")
    assert naive_holds(leaf, ContactModel(properties, zone="Europe/Berlin"), NOW)


@pytest.mark.parametrize("operator", ["eq", "ne", "in", "not_in"])
def test_a_future_day_is_due_when_it_begins_and_when_it_ends(operator: str) -> None:
    leaf = {"property": "u", operator: ["now/d"] if operator.endswith("in") else "now/d"}
    story = EngineDriver(time_zone="Europe/Berlin", segments=[{"id": "s", "dynamic": True, "when": leaf}])
    story.change_contact(day(0), u="2026-01-03")
    outputs = [output for output in story.tick(day(9)) if output["topic"] == "segment-changes"]
    # The third of January begins at 23:00 UTC; `now/d` is the instant of its midnight all day long.
    assert [output["at"] for output in outputs] == ["2026-01-02T23:00:00.000Z", "2026-01-03T23:00:00.000Z"]
    first = "segment.entered" if operator in ("eq", "in") else "segment.exited"
    assert outputs[0]["type"] == first


def test_time_alone_changes_nothing_when_neither_value_nor_operand_moves() -> None:
    assert due({"property": "u", "eq": "2026-03-10"}, {"u": NINE}) is None
    assert due({"property": "u", "eq": "now/d"}, {"u": "soon"}) is None
    node = compile_dict({"property": "u", "eq": "now/d"}).node
    person = contact(properties={"u": "2026-03-11"})
    at = node.due(evaluation_context(person))
    while at is not None and not node.holds(evaluation_context(person, at)):
        at = node.due(evaluation_context(person, at))
    assert at == instant_ms("2026-03-11T00:00:00Z")
