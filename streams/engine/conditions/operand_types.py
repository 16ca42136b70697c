"""Which operators and operands fit a property of a declared type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from streams.engine.conditions import numbers
from streams.engine.conditions.dates.date_bounds import is_day, is_instant
from streams.engine.conditions.errors import ConditionRefused

Written = Mapping[str, Any]
"""Operators that are given, by the names they are written with."""

_MODIFIERS = frozenset({"case_sensitive", "in_zone", "property", "held_for"})
ORDER = frozenset({"gt", "gte", "lt", "lte", "between"})
EQUALITY = frozenset({"eq", "ne", "in", "not_in"})
EXISTENCE = frozenset({"exists", "empty"})
DATES = frozenset({"before", "after", "within_last", "within_next", "older_than", "anniversary_within"})
_PARTS = frozenset({"contains", "not_contains"})
_TEXT = _PARTS | {"starts_with", "ends_with", "matches"}
_LIST = _PARTS | {"contains_any", "contains_all"}

OPERATORS_OF: Mapping[PropertyType, frozenset[str]] = {
    "text": EXISTENCE | EQUALITY | _TEXT,
    "number": EXISTENCE | EQUALITY | ORDER,
    "boolean": EXISTENCE | EQUALITY,
    "date": EXISTENCE | EQUALITY | ORDER | DATES,
    "datetime": EXISTENCE | EQUALITY | ORDER | DATES,
    "list": EXISTENCE | _LIST,
    "object": EXISTENCE | {"has_item"},
}
"""Which operators fit a declared type; text has no order."""

_WANTED = {"text": "text", "number": "a number", "boolean": "true or false"}


def given(operators: Operators) -> dict[str, Any]:
    """The operators that are written, by their written names. Raises ConditionRefused for none, and for null."""
    found: dict[str, Any] = {}
    for field, info in type(operators).model_fields.items():
        name = info.alias or field
        if name in _MODIFIERS or field not in operators.model_fields_set:
            continue
        operand = getattr(operators, field)
        if operand is None:
            raise ConditionRefused("null is no operand; for a missing value write exists: false", (name,))
        found[name] = operand
    if not found:
        raise ConditionRefused("an operator is missing, such as eq, in, gte, contains or exists")
    return found


def refuse_misfit(name: str, operand: Any, kind: PropertyType | None) -> None:
    """Raises ConditionRefused for an operator or operand that does not fit the declared type; None takes all."""
    if kind is None:
        return
    if name not in OPERATORS_OF[kind]:
        fitting = ", ".join(sorted(OPERATORS_OF[kind]))
        raise ConditionRefused(f"does not fit a property of type {kind}; these do: {fitting}")
    if name not in EQUALITY | ORDER:
        return
    for one in listed(operand):
        if kind in _WANTED and not _is_of(one, kind):
            raise ConditionRefused(f"{one!r} is not {_WANTED[kind]}, and the property is of type {kind}")


def _is_of(operand: Any, kind: PropertyType) -> bool:
    if kind == "text":
        return isinstance(operand, str)
    if kind == "boolean":
        return isinstance(operand, bool)
    return numbers.is_number(operand)


def listed(operand: Any) -> tuple[Any, ...]:
    """The operands of an operator that takes one or many."""
    return operand if isinstance(operand, tuple) else (operand,)


_NESTED = (dict, list)  # a union written in the call would be built for every item


def fits(value: Any, kind: PropertyType) -> bool:
    """Whether a JSON value is of the declared type, as a patch may set it; one that is not is missing."""
    if kind == "text":
        return isinstance(value, str)
    if kind == "date":
        return is_day(value)
    if kind == "datetime":
        return is_instant(value)
    if kind == "number":
        return numbers.is_number(value)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "list":
        return isinstance(value, list) and not any(one is None or isinstance(one, _NESTED) for one in value)
    return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(one, dict) for one in value))
