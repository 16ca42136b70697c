"""Cells of CSV files as values."""

from __future__ import annotations

import json
from typing import Any, get_args

from schemas.definitions import ContactStatus
from schemas.values import instant_ms

LIST_SEPARATOR = ";"

_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})


def checked(name: str, column: str, text: str) -> str:
    """The text of a cell that goes to `at` or `status`, or another field. Raises ValueError."""
    if name == "at":
        try:
            instant_ms(text)
        except ValueError as error:
            raise ValueError(f"{column}: {error}") from error
    if name == "status" and text not in get_args(ContactStatus):
        raise ValueError(f"{column}: {text!r} is no status; there are {', '.join(get_args(ContactStatus))}")
    return text


def value_of(kind: str, column: str, text: str) -> Any:
    """A cell as a value of that type; dates are checked by the worker, as everywhere. Raises ValueError."""
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
