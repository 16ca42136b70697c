"""A value that does not fit a type declared later counts as missing for every operator."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.journal.effects import Refusal
from streams.engine.state.properties import validate_property
from tests.harness.engine.conditions import NOW, holds
from tests.harness.engine.engine_driver import EngineDriver, day
from tests.harness.engine.reference_evaluator import ContactModel
from tests.harness.engine.reference_evaluator import holds as naive_holds

UNFIT: list[tuple[PropertyType, object]] = [
    ("object", ["a"]),
    ("object", [{"k": 1}, None]),
    ("object", "a"),
    ("list", ["a", None]),
    ("list", ["a", {"k": 1}]),
    ("list", [["a"]]),
    ("datetime", "2026-03-01T10:00:00"),
    ("datetime", "2026-02-30"),
    ("datetime", "9999-12-31T23:59:59.999-14:00"),
    ("date", "2026-03-01T10:00:00Z"),
    ("date", "2026-02-30"),
    ("text", 5),
    ("number", "5"),
    ("number", True),
    ("boolean", 1),
]
FIT: list[tuple[PropertyType, object]] = [
    ("object", {"k": 1}),
    ("object", [{"k": 1}]),
    ("object", []),
    ("list", ["a", 5, True]),
    ("datetime", "2026-03-01T10:00:00+01:00"),
    ("date", "2026-03-01"),
    ("text", "5"),
    ("number", 5),
    ("boolean", True),
]
ASKED: dict[PropertyType, dict[str, Any]] = {
    "object": {"has_item": {"k": {"eq": 1}}},
    "list": {"contains": "a"},
    "datetime": {"lt": "now"},
    "date": {"eq": "2026-03-01"},
    "text": {"starts_with": "5"},
    "number": {"gte": 0},
    "boolean": {"eq": True},
}


VERSIONS_WITH_DATES: list[tuple[EngineVersion, bool]] = [(3, False), (4, True)]


def _told(leaf: dict[str, Any], value: object, kind: PropertyType) -> tuple[bool, bool]:
    world = ContactModel({"late": value}, {"late": kind})
    return holds(leaf, world.properties, NOW, late=kind), naive_holds(leaf, world, NOW)


@pytest.mark.parametrize(("kind", "value"), UNFIT)
def test_a_value_that_no_patch_could_set_is_missing(kind: PropertyType, value: object) -> None:
    assert isinstance(validate_property("late", value, kind), Refusal)
    for operators, expected in (
        ({"exists": True}, False),
        ({"exists": False}, True),
        ({"empty": True}, True),
        (ASKED[kind], False),
    ):
        assert _told({"property": "late", **operators}, value, kind) == (expected, expected)


@pytest.mark.parametrize(("kind", "value"), FIT)
def test_a_value_that_a_patch_could_set_exists(kind: PropertyType, value: object) -> None:
    assert not isinstance(validate_property("late", value, kind), Refusal)
    assert _told({"property": "late", "exists": True}, value, kind) == (True, True)


def test_a_new_declaration_removes_contacts_whose_value_does_not_fit() -> None:
    segment = {"id": "s", "dynamic": True, "when": {"property": "late", "exists": True}}
    story = EngineDriver(segments=[segment])
    story.change_contact(day(0), late="soon")
    assert story.members() == ["s"]
    story.apply(properties={"late": "datetime"}, segments=[segment], at=day(1))
    assert story.members() == []


def test_a_calendar_date_is_a_datetime_from_version_4_on() -> None:
    date = {"late": "2026-03-10"}
    for version, expected in VERSIONS_WITH_DATES:
        assert isinstance(validate_property("late", date["late"], "datetime", version), Refusal) is not expected
        for operators, is_fit in (({"exists": True}, True), ({"empty": True}, False), ({"lt": "now"}, True)):
            leaf = {"property": "late", **operators}
            assert holds(leaf, date, engine_version=version, late="datetime") is (is_fit is expected)
