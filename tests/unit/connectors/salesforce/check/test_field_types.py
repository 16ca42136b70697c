"""What fits the types of Salesforce's fields: properties, fixed values, defaults."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from connectors.salesforce.check.field_types import FixedValue, property_problem, unlisted_values, value_problem
from schemas.definitions import PropertyType

TYPES = (
    *("string", "textarea", "picklist", "multipicklist", "email", "phone", "url", "reference", "boolean", "int"),
    *("double", "currency", "percent", "date", "datetime"),
)
TAKERS: dict[PropertyType, set[str]] = {
    "text": {"string", "textarea", "picklist", "multipicklist", "email", "phone", "url", "reference"},
    "number": {"string", "textarea", "picklist", "phone", "int", "double", "currency", "percent"},
    "boolean": {"string", "textarea", "picklist", "boolean"},
    "date": {"string", "textarea", "date", "datetime"},
    "datetime": {"string", "textarea", "date", "datetime"},
    "list": {"string", "textarea", "multipicklist"},
    "object": {"string", "textarea"},
}


def field(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": "F__c", "type": kind, "length": 0, **more}


def picklist(kind: str = "picklist", *, restricted: bool = True) -> dict[str, Any]:
    values = [{"value": "Hot", "active": True}, {"value": "Warm", "active": True}, {"value": "Old", "active": False}]
    return field(kind, length=40, restrictedPicklist=restricted, picklistValues=values)


@pytest.mark.parametrize("kind", get_args(PropertyType))
@pytest.mark.parametrize("field_type", TYPES)
def test_a_property_fits_the_types_that_its_values_can_become(kind: PropertyType, field_type: str) -> None:
    problem = property_problem(kind, field(field_type))
    assert (problem is None) == (field_type in TAKERS[kind])
    assert problem is None or f"the property is a{'n' if kind == 'object' else ''} {kind}" in problem


def test_text_on_a_field_of_whole_numbers_is_told_in_words() -> None:
    assert property_problem("text", field("int")) == "takes a whole number (int), and the property is a text"


@pytest.mark.parametrize(
    ("value", "target", "problem"),
    [
        ("Web", field("string", length=3), None),
        ("Websites", field("string", length=3), "takes 3 characters, and the value has 8"),
        (7, field("string", length=3), None),
        (True, field("string"), None),
        (5, field("int"), None),
        (5.5, field("int"), "takes a whole number (int), not 5.5"),
        (2**31, field("int"), f"takes a whole number (int), not {2**31}"),
        (5.5, field("currency"), None),
        ("5", field("int"), "takes a whole number (int), not '5'"),
        (True, field("int"), "takes a whole number (int), not True"),
        (True, field("boolean"), None),
        ("true", field("boolean"), "takes true or false (boolean), not 'true'"),
        (1, field("boolean"), "takes true or false (boolean), not 1"),
        ("2026-03-01", field("date"), None),
        ("01.03.2026", field("date"), "takes a date (date), not '01.03.2026'"),
        ("2026-03-01T10:00:00Z", field("datetime"), None),
        ("2026-03-01T10:00:00", field("datetime"), "takes a date and time with its zone"),
        ("sales@acme.example", field("email", length=80), None),
        ("sales", field("email", length=80), "takes an email address, not 'sales'"),
        ("0055A000000000BQAQ", field("reference"), None),
        ("the boss", field("reference"), "takes the id of a record"),
        ("Hot", picklist(), None),
        ("hot", picklist(), "is a restricted picklist without 'hot' - one of: Hot, Warm"),
        ("Old", picklist(), "is a restricted picklist without 'Old'"),
        ("hot", picklist(restricted=False), None),
        ("Hot;Warm", picklist("multipicklist"), None),
        ("Hot;Cold", picklist("multipicklist"), "without 'Cold'"),
        ("x", field("address"), "takes what is of type address"),
    ],
)
def test_a_fixed_value_is_held_against_the_field(
    value: FixedValue, target: dict[str, Any], problem: str | None
) -> None:
    answer = value_problem(value, target)
    if problem is None:
        assert answer is None
    else:
        assert answer is not None
        assert problem in answer


def test_what_an_open_picklist_does_not_list_is_worth_a_note() -> None:
    assert unlisted_values("hot", picklist(restricted=False)) == ["hot"]
    assert unlisted_values("Hot;hot", picklist("multipicklist", restricted=False)) == ["hot"]
    assert unlisted_values("Hot", picklist(restricted=False)) == []
    assert unlisted_values("hot", picklist()) == [], "a restricted one is a problem instead"
    assert unlisted_values("hot", field("string")) == []
