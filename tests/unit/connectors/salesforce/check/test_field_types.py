"""What fits the types of Salesforce's fields: properties, fixed values, defaults."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from connectors.salesforce.check.field_types import (
    FixedValue,
    property_problem,
    type_problem,
    unlisted_values,
    value_problem,
)
from connectors.salesforce.handover.descriptions import FieldDescription
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


def field(kind: str, **more: Any) -> FieldDescription:
    return FieldDescription("F__c", kind, **more)


def picklist(kind: str = "picklist", *, restricted: bool = True) -> FieldDescription:
    return field(kind, length=40, restricted=restricted, values=("Hot", "Warm"))


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
        ("Websites", field("string", length=3), "does not take 'Websites': longer than 3 characters"),
        (7, field("string", length=3), None),
        (True, field("string"), None),
        (5, field("int"), None),
        (5.5, field("int"), "does not take 5.5: more than 0 digits after the decimal point"),
        (2**31, field("int"), f"does not take {2**31}: too large for the field"),
        (5.5, field("currency", precision=18, scale=2), None),
        ("many", field("int"), "does not take 'many': not a number"),
        (True, field("int"), "does not take True: not a number"),
        (True, field("boolean"), None),
        ("maybe", field("boolean"), "does not take 'maybe': neither true nor false"),
        ("2026-03-01", field("date"), None),
        ("01.03.2026", field("date"), "does not take '01.03.2026': not a date"),
        ("sales@acme.example", field("email", length=80), None),
        ("sales", field("email", length=80), "does not take 'sales': not an e-mail address"),
        ("0055A000000000BQAQ", field("reference"), None),
        ("the boss", field("reference"), "not the id of a record: 15 or 18 letters and digits"),
        ("Hot", picklist(), None),
        ("Cold", picklist(), "does not take 'Cold': not among the values of the picklist - one of: Hot, Warm"),
        ("Cold", picklist(restricted=False), None),
        ("Hot;Warm", picklist("multipicklist"), None),
        ("Hot;Cold", picklist("multipicklist"), "some values are not among those of the picklist"),
    ],
)
def test_a_fixed_value_is_held_against_the_field(
    value: FixedValue, target: FieldDescription, problem: str | None
) -> None:
    answer = value_problem(value, target)
    if problem is None:
        assert answer is None
    else:
        assert answer is not None
        assert problem in answer


def test_what_an_open_picklist_does_not_list_is_worth_a_note() -> None:
    assert unlisted_values("Cold", picklist(restricted=False)) == ["Cold"]
    assert unlisted_values("Hot;Cold", picklist("multipicklist", restricted=False)) == ["Cold"]
    assert unlisted_values("hot", picklist(restricted=False)) == [], "it is written as the picklist has it"
    assert unlisted_values("Cold", picklist()) == [], "a restricted one is a problem instead"
    assert unlisted_values("Cold", field("string")) == []


def test_a_field_that_nothing_can_be_written_to_is_told() -> None:
    assert type_problem(field("address")) == "is a field of type address, which Leadstream does not write"
    assert type_problem(field("string")) is None
