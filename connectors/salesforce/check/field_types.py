"""Whether a property, a fixed value or a default fits the type of a field of Salesforce."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from connectors.salesforce.check.org_schema import FieldDescription, picklist_values
from schemas.definitions import PropertyType

FixedValue = str | int | float | bool

_PLAIN = frozenset({"string", "textarea", "encryptedstring"})
_TEXT = _PLAIN | {"picklist", "multipicklist", "combobox", "email", "phone", "url", "reference", "id"}
_WHOLE = frozenset({"int", "long"})
_NUMBER = _WHOLE | {"double", "currency", "percent"}
_TIME = frozenset({"date", "datetime"})
_WHOLE_NUMBERS: Mapping[str, int] = {"int": 2**31, "long": 2**63}

_FIELDS_OF_PROPERTIES: Mapping[PropertyType, frozenset[str]] = {
    "text": _TEXT,
    "number": _NUMBER | _PLAIN | {"phone", "picklist"},
    "boolean": _PLAIN | {"boolean", "picklist"},
    "date": _PLAIN | _TIME,
    "datetime": _PLAIN | _TIME,
    "list": _PLAIN | {"multipicklist"},
    "object": _PLAIN,
}
_RECORD_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


def property_problem(kind: PropertyType, field: FieldDescription) -> str | None:
    """Returns why no value of a property of this type fits the field; None where they may."""
    if field["type"] in _FIELDS_OF_PROPERTIES[kind]:
        return None
    return f"takes {_words(field)}, and the property is {'an' if kind == 'object' else 'a'} {kind}"


def value_problem(value: FixedValue, field: FieldDescription) -> str | None:
    """Returns why the field does not take a fixed value; None where it does."""
    kind = field["type"]
    if kind == "boolean" or isinstance(value, bool):
        fits = isinstance(value, bool) and kind in _FIELDS_OF_PROPERTIES["boolean"]
    elif kind in _NUMBER:
        fits = not isinstance(value, str) and _is_in_range(value, kind)
    elif kind in _TIME:
        fits = isinstance(value, str) and _is_time(value, kind)
    elif kind in _TEXT:
        return _text_problem(str(value), field)
    else:
        fits = False
    return None if fits else f"takes {_words(field)}, not {value!r}"


def _text_problem(text: str, field: FieldDescription) -> str | None:
    kind, length = field["type"], int(field.get("length") or 0)
    if kind in ("picklist", "multipicklist"):
        return _picklist_problem(text, field)
    if kind == "email" and not _EMAIL.fullmatch(text):
        return f"takes an email address, not {text!r}"
    if kind in ("reference", "id") and not _RECORD_ID.fullmatch(text):
        return f"takes the id of a record (15 or 18 letters and digits), not {text!r}"
    if length and len(text) > length:
        return f"takes {length} characters, and the value has {len(text)}"
    return None


def _picklist_problem(text: str, field: FieldDescription) -> str | None:
    if not field.get("restrictedPicklist"):
        return None
    values = picklist_values(field)
    parts = text.split(";") if field["type"] == "multipicklist" else [text]
    unknown = [part for part in parts if part not in values]
    return f"is a restricted picklist without {', '.join(map(repr, unknown))}{_one_of(values)}" if unknown else None


def unlisted_values(value: FixedValue, field: FieldDescription) -> list[str]:
    """The parts of a value that an open picklist does not list; Salesforce takes them all the same."""
    if field["type"] not in ("picklist", "multipicklist") or field.get("restrictedPicklist"):
        return []
    parts = str(value).split(";") if field["type"] == "multipicklist" else [str(value)]
    values = picklist_values(field)
    return [part for part in parts if values and part not in values]


def _one_of(values: frozenset[str]) -> str:
    listed = sorted(values)
    return f" - one of: {', '.join(listed[:12])}{', ...' if len(listed) > 12 else ''}" if listed else ""


def _is_in_range(value: float, kind: str) -> bool:
    most = _WHOLE_NUMBERS.get(kind)
    return most is None or (value == int(value) and -most <= value < most)


def _is_time(text: str, kind: str) -> bool:
    try:
        if kind == "date":
            date.fromisoformat(text)
        else:
            return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
    return True


def _words(field: FieldDescription) -> str:
    kind = field["type"]
    words = {
        "boolean": "true or false",
        "int": "a whole number",
        "long": "a whole number",
        "double": "a number",
        "currency": "a number",
        "percent": "a number",
        "date": "a date",
        "datetime": "a date and time with its zone",
    }
    return f"{words[kind]} ({kind})" if kind in words else f"what is of type {kind}"
