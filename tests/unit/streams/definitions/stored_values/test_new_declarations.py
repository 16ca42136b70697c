"""How many stored values a new declaration makes missing."""

from __future__ import annotations

from typing import Any

from schemas.definitions import Definitions
from schemas.engine_versions import EngineVersion
from streams.definitions.stored_values.new_declarations import NewDeclarations
from streams.engine.state.contact import Contact
from tests.harness.engine.engine_driver import sound_definitions


def declaring(version: EngineVersion = 4, **types: str) -> Definitions:
    return sound_definitions({"engine_version": version, "properties": types})


def lost_values(before: Definitions | None, after: Definitions, *values: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the report on contacts `c0`, `c1` and so on with these properties."""
    report = NewDeclarations(before, after)
    for number, properties in enumerate(values):
        report.add(Contact("default", f"c{number}", created=0, clock=0, settled=0, properties=properties))
    return report.to_list()


def test_values_that_do_not_fit_a_newly_declared_type_are_counted() -> None:
    values: list[dict[str, Any]] = [
        {"employees": 50},
        {"employees": "60"},
        {"employees": ""},
        {},
        {"employees": None},
    ]
    expected = {"property": "employees", "type": "number", "contacts": 2}
    example = {"contact": "c1", "value": '"60"'}
    assert lost_values(declaring(), declaring(employees="number"), *values) == [{**expected, "example": example}]
    assert lost_values(None, declaring(employees="number"), *values) == [{**expected, "example": example}]


def test_a_type_that_stays_makes_nothing_missing() -> None:
    before, after = declaring(employees="number"), declaring(employees="number", level="number")
    assert lost_values(before, after, {"employees": "60"}) == []


def test_a_changed_type_counts_only_values_that_were_there() -> None:
    (entry,) = lost_values(declaring(level="number"), declaring(level="text"), {"level": 5}, {"level": [5]})
    assert (entry["contacts"], entry["example"]) == (1, {"contact": "c0", "value": "5"})


def test_a_declaration_that_goes_makes_nothing_missing() -> None:
    assert lost_values(declaring(level="number"), declaring(), {"level": "high"}) == []


def test_a_calendar_date_is_a_datetime_since_version_4() -> None:
    assert lost_values(None, declaring(4, demo_at="datetime"), {"demo_at": "2026-03-01"}) == []
    assert lost_values(None, declaring(3, demo_at="datetime"), {"demo_at": "2026-03-01"})[0]["contacts"] == 1


def test_people_see_a_line_for_each_property() -> None:
    report = NewDeclarations(None, declaring(employees="number", level="text"))
    for name, properties in (
        ("ann", {"employees": "60", "level": "high"}),
        ("bob", {"employees": "many", "level": 3}),
    ):
        report.add(Contact("default", name, created=0, clock=0, settled=0, properties=properties))
    assert list(report.lines()) == [
        'property employees (number): 2 contacts (ann: "60", ...)',
        "property level (text): 1 contact (bob: 3)",
    ]
