"""Whether a property, a fixed value or a default fits the type of a field of Salesforce."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.salesforce.handover.coercion import can_be_written, coerce
from connectors.salesforce.handover.descriptions import FieldDescription
from schemas.definitions import PropertyType

FixedValue = str | int | float | bool

_PLAIN = frozenset({"string", "textarea", "combobox", "encryptedstring"})
_TEXT = _PLAIN | {"picklist", "multipicklist", "email", "phone", "url", "reference"}
_NUMBER = frozenset({"int", "long", "double", "currency", "percent"})
_TIME = frozenset({"date", "datetime"})

# Text may hold a number or a day, and then it could be written: but nothing keeps it from holding anything else.
_FIELDS_OF_PROPERTIES: Mapping[PropertyType, frozenset[str]] = {
    "text": _TEXT,
    "number": _NUMBER | _PLAIN | {"phone", "picklist"},
    "boolean": _PLAIN | {"boolean", "picklist"},
    "date": _PLAIN | _TIME,
    "datetime": _PLAIN | _TIME,
    "list": _PLAIN | {"multipicklist"},
    "object": _PLAIN,
}
_WORDS = {
    **dict.fromkeys(("int", "long"), "a whole number"),
    **dict.fromkeys(("double", "currency", "percent"), "a number"),
    "boolean": "true or false",
    "date": "a date",
    "datetime": "a date and time",
}
_MAX_LISTED = 12


def property_problem(kind: PropertyType, field: FieldDescription) -> str | None:
    """Returns why values of a property of this type do not fit the field; None where they may."""
    if field.type in _FIELDS_OF_PROPERTIES[kind]:
        return None
    takes = f"takes {_WORDS[field.type]} ({field.type})" if field.type in _WORDS else f"is of type {field.type}"
    return f"{takes}, and the property is {'an' if kind == 'object' else 'a'} {kind}"


def value_problem(value: FixedValue, field: FieldDescription) -> str | None:
    """Returns why the field does not take a fixed value whole; None where it does."""
    note = coerce(value, field).note
    if note is None:
        return None
    listed = "" if note.note == "cut" or not field.restricted else _one_of(field.values)
    return f"does not take {value!r}: {note.reason}{listed}"


def type_problem(field: FieldDescription) -> str | None:
    """Returns why nothing can be written to the field, whatever it is; None where something can."""
    return None if can_be_written(field) else f"is a field of type {field.type}, which Leadstream does not write"


def unlisted_values(value: FixedValue, field: FieldDescription) -> list[str]:
    """The parts of a value that an open picklist does not list; Salesforce takes them all the same."""
    if field.type not in ("picklist", "multipicklist") or field.restricted or not field.values:
        return []
    parts = str(value).split(";") if field.type == "multipicklist" else [str(value)]
    values = {each.casefold() for each in field.values}
    return [part for part in parts if part.casefold() not in values]


def _one_of(values: tuple[str, ...]) -> str:
    more = ", ..." if len(values) > _MAX_LISTED else ""
    return f" - one of: {', '.join(values[:_MAX_LISTED])}{more}" if values else ""
