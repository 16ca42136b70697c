"""Cells of CSV files as values."""

from __future__ import annotations

import json
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from schemas.definitions import ContactStatus
from schemas.events.base import EventInstant
from schemas.values import ContactId

LIST_SEPARATOR = ";"

_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})


_contact_id = TypeAdapter(ContactId)
_instant = TypeAdapter(EventInstant)


def checked(name: str, column: str, text: str) -> str:
    """The text of a cell that goes to `contact`, `at` or `status`. Raises ValueError."""
    if name == "contact" and (fault := _fault(_contact_id, text)):
        raise ValueError(f"{column}: {text[:40]!r} is not a contact id: {fault}")
    if name == "at" and (fault := _fault(_instant, text)):
        raise ValueError(f"{column}: {fault}")
    if name == "status" and text not in get_args(ContactStatus):
        raise ValueError(f"{column}: {text!r} is no status; there are {', '.join(get_args(ContactStatus))}")
    return text


def _fault(kind: TypeAdapter[Any], text: str) -> str | None:
    try:
        kind.validate_python(text)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    return None


def value_of(kind: str, column: str, text: str) -> Any:
    """A cell as a value of that type; a date is text. Raises ValueError."""
    if kind == "number":
        return _number(column, text)
    if kind == "boolean":
        return _boolean(column, text)
    if kind == "list":
        return [part.strip() for part in text.split(LIST_SEPARATOR) if part.strip()]
    if kind == "object":
        return _object(column, text)
    return text


def _number(column: str, text: str) -> int | float:
    try:
        number = json.loads(text, parse_constant=_no_number)
    except ValueError:
        number = None
    if isinstance(number, int | float) and not isinstance(number, bool):
        return number
    raise ValueError(f"{column}: {text!r} is no number such as 50 or 2.5")


def _boolean(column: str, text: str) -> bool:
    folded = text.casefold()
    if folded not in _TRUE | _FALSE:
        raise ValueError(f"{column}: {text!r} is neither true nor false")
    return folded in _TRUE


def _object(column: str, text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise ValueError(f"{column}: not JSON: {error}") from error
    if not isinstance(value, dict | list):
        raise ValueError(f"{column}: {text!r} is no object in JSON")  # noqa: TRY004 - a value, not a type of ours
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")
