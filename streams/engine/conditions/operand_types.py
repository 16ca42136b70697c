"""Which operators and operands fit a property of a declared type."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.conditions import numbers
from streams.engine.conditions.dates.date_bounds import is_calendar_date, is_instant
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.predicates import Predicate

OperatorMap = Mapping[str, Any]
"""Operator as written (`in`, not `in_`) -> operand; only those that a leaf has."""

MODIFIERS = frozenset({"case_sensitive", "accents", "in_zone", "property", "held_for"})
ORDER_OPERATORS = frozenset({"gt", "gte", "lt", "lte", "between"})
EQUALITY_OPERATORS = frozenset({"eq", "ne", "in", "not_in"})
EXISTENCE_OPERATORS = frozenset({"exists", "empty"})
LENGTH_OPERATORS = frozenset({"within_last", "within_next", "older_than", "anniversary_within"})
DATE_OPERATORS = LENGTH_OPERATORS | {"before", "after"}
_CONTAINS_OPERATORS = frozenset({"contains", "not_contains"})
_TEXT_OPERATORS = _CONTAINS_OPERATORS | {"starts_with", "ends_with", "matches"}
_LIST_OPERATORS = _CONTAINS_OPERATORS | {"contains_any", "contains_all"}

OPERATORS_BY_TYPE: Mapping[PropertyType, frozenset[str]] = {
    "text": EXISTENCE_OPERATORS | EQUALITY_OPERATORS | _TEXT_OPERATORS,
    "number": EXISTENCE_OPERATORS | EQUALITY_OPERATORS | ORDER_OPERATORS,
    "boolean": EXISTENCE_OPERATORS | EQUALITY_OPERATORS,
    "date": EXISTENCE_OPERATORS | EQUALITY_OPERATORS | ORDER_OPERATORS | DATE_OPERATORS,
    "datetime": EXISTENCE_OPERATORS | EQUALITY_OPERATORS | ORDER_OPERATORS | DATE_OPERATORS,
    "list": EXISTENCE_OPERATORS | _LIST_OPERATORS,
    "object": EXISTENCE_OPERATORS | {"has_item"},
}
"""Declared type -> the operators that fit it; text has no order."""

_TYPE_NAMES = {"text": "text", "number": "a number", "boolean": "true or false"}


def require_operators(operators: Operators) -> dict[str, Any]:
    """Returns the operators that a leaf has, by name.

    Raises ConditionRefused when there is none, or when an operand is null.
    """
    operands: dict[str, Any] = {}
    names = _operator_names(type(operators))
    for field in sorted(operators.model_fields_set & names.keys(), key=list(names).index):
        name = names[field]
        operand = getattr(operators, field)
        if operand is None:
            raise ConditionRefused("null is no operand; for a missing value write exists: false", (name,))
        operands[name] = operand
    if not operands:
        raise ConditionRefused("an operator is missing, such as eq, in, gte, contains or exists")
    return operands


@lru_cache
def _operator_names(model: type[Operators]) -> Mapping[str, str]:
    """Field -> operator as written, in the order of the model."""
    names = {field: info.alias or field for field, info in model.model_fields.items()}
    return {field: name for field, name in names.items() if name not in MODIFIERS}


def require_fit(name: str, operand: Any, property_type: PropertyType | None) -> None:
    """Raises ConditionRefused when the operator or operand does not fit the declared type; None fits all."""
    if property_type is None:
        return
    if name not in OPERATORS_BY_TYPE[property_type]:
        fitting = ", ".join(sorted(OPERATORS_BY_TYPE[property_type]))
        raise ConditionRefused(f"does not fit a property of type {property_type}; these do: {fitting}")
    if name not in EQUALITY_OPERATORS | ORDER_OPERATORS:
        return
    for one in to_tuple(operand):
        if property_type in _TYPE_NAMES and not _is_of_type(one, property_type):
            raise ConditionRefused(
                f"{one!r} is not {_TYPE_NAMES[property_type]}, and the property is of type {property_type}"
            )


def _is_of_type(operand: Any, property_type: PropertyType) -> bool:
    if property_type == "text":
        return isinstance(operand, str)
    if property_type == "boolean":
        return isinstance(operand, bool)
    return numbers.is_number(operand)


def to_tuple(operand: Any) -> tuple[Any, ...]:
    """Returns the operands of an operator that takes one or several."""
    return operand if isinstance(operand, tuple) else (operand,)


_NESTED = (dict, list)  # a union inside the function would be built for every item


def fits(value: Any, property_type: PropertyType) -> bool:
    """Whether a JSON value has the declared type, as a patch may set it; any other value counts as missing."""
    if property_type == "text":
        return isinstance(value, str)
    if property_type == "date":
        return is_calendar_date(value)
    if property_type == "datetime":
        return is_instant(value)
    if property_type == "number":
        return numbers.is_number(value)
    if property_type == "boolean":
        return isinstance(value, bool)
    if property_type == "list":
        return isinstance(value, list) and not any(one is None or isinstance(one, _NESTED) for one in value)
    return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(one, dict) for one in value))


def type_test(property_type: PropertyType, version: EngineVersion) -> Predicate:
    """Returns the test whether a JSON value has the declared type; from version 4 on a `datetime` may be a date."""
    if property_type == "datetime" and version >= 4:
        return lambda value: is_instant(value) or is_calendar_date(value)
    return lambda value: fits(value, property_type)
