"""The operators of SPEC section 5 on one value; None is a missing value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from schemas.time_zones import UTC, find_zone, require_zone
from schemas.values import instant_ms
from streams.verify.recompute.conditions.dates import date_holds, is_date_value, parse_instant
from streams.verify.recompute.conditions.regex import matches_pattern
from streams.verify.recompute.model import ContactModel

NEGATIONS = {"ne": "eq", "not_in": "in", "not_contains": "contains"}
DATE_OPERATORS = frozenset({"before", "after", "within_last", "within_next", "older_than", "anniversary_within"})
ORDER_OPERATORS = frozenset({"gt", "gte", "lt", "lte", "between"})
_FIRST, _LAST = instant_ms("0001-01-01T00:00:00Z"), instant_ms("9999-12-31T23:59:59.999Z")
MODIFIERS = frozenset({"case_sensitive", "in_zone"})


@dataclass
class OperatorContext:
    """The value an operator is evaluated on, and how."""

    value: Any
    property_type: str | None
    zone: ZoneInfo
    case_sensitive: bool
    model: ContactModel
    now: int


def zone_for(operators: dict[str, Any], model: ContactModel) -> ZoneInfo:
    """The account's zone, or with `in_zone: contact` the contact's where it has a valid one."""
    if operators.get("in_zone") == "contact":
        name = model.properties.get("time_zone")
        own = find_zone(name) if isinstance(name, str) else None
        if own is not None:
            return own
    return require_zone(model.zone)


def passes(value: Any, operators: dict[str, Any], property_type: str | None, model: ContactModel, now: int) -> bool:
    """Whether a value, declared as `property_type`, meets all operators; a value of another type counts as
    missing.
    """
    value = None if property_type is not None and not fits(value, property_type) else value
    context = OperatorContext(
        value, property_type, zone_for(operators, model), operators.get("case_sensitive", False), model, now
    )
    return all(_operator_holds(name, x, context) for name, x in operators.items() if name not in MODIFIERS)


def fits(value: Any, property_type: str) -> bool:
    """Whether a value is of a declared type."""
    if property_type in ("date", "datetime"):
        return isinstance(value, str) and _fits_date(value, property_type)
    if property_type == "number":
        return are_numbers(value)
    if property_type == "list":
        return isinstance(value, list) and not any(isinstance(one, dict | list) or one is None for one in value)
    if property_type == "object":
        return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(one, dict) for one in value))
    return isinstance(value, str if property_type == "text" else bool)


def _fits_date(text: str, property_type: str) -> bool:
    """A `datetime` must lie in the years 1 to 9999 when it is written in UTC."""
    instant, is_day = parse_instant(text, UTC), "T" not in text.upper() and " " not in text
    if instant is None or is_day is (property_type == "datetime"):
        return False
    return is_day or _FIRST <= instant <= _LAST


def _operator_holds(name: str, operand: Any, context: OperatorContext) -> bool:
    value = context.value
    if name == "exists":
        return (value is not None) is operand
    if name == "empty":
        return (value is None or value in ("", [], {})) is operand
    if name in NEGATIONS:
        return not _operator_holds(NEGATIONS[name], operand, context)
    if value is None:
        return False
    if name == "has_item":
        return isinstance(value, list) and any(_item_matches(item, operand, context) for item in value)
    if compares_dates(name, operand, context.property_type):
        instant = parse_instant(value, context.zone)
        return instant is not None and date_holds(name, operand, instant, context.now, context.zone)
    if name in ("eq", "in") and context.property_type is None:
        return any(
            _equals(value, one, context) for one in (operand if isinstance(operand, list | tuple) else [operand])
        )
    return _plain_operator_holds(name, operand, value, context.case_sensitive)


def _equals(value: Any, operand: Any, context: OperatorContext) -> bool:
    """Compares as dates when both are dates; otherwise as texts, numbers or booleans."""
    instant = parse_instant(value, context.zone) if isinstance(operand, str) and is_date_value(operand) else None
    if instant is None:
        return _is_same(value, operand, context.case_sensitive)
    return date_holds("eq", operand, instant, context.now, context.zone)


def compares_dates(name: str, operand: Any, property_type: str | None) -> bool:
    """Whether an operator compares dates: always for a declared date, otherwise when only dates are possible."""
    if property_type in ("date", "datetime") or name in DATE_OPERATORS:
        return name not in ("exists", "empty")
    operands = operand if isinstance(operand, list) else [operand]
    return property_type is None and name in ORDER_OPERATORS and any(isinstance(one, str) for one in operands)


def _item_matches(item: Any, field_operators: dict[str, Any], context: OperatorContext) -> bool:
    return isinstance(item, dict) and all(
        passes(item.get(key), operators, None, context.model, context.now)
        for key, operators in field_operators.items()
    )


def _plain_operator_holds(name: str, operand: Any, value: Any, case_sensitive: bool) -> bool:
    if name == "eq":
        return _is_same(value, operand, case_sensitive)
    if name == "in":
        return any(_is_same(value, one, case_sensitive) for one in operand)
    if name in ORDER_OPERATORS:
        operands = operand if isinstance(operand, list) else [operand]
        return are_numbers(value, *operands) and number_holds(value, {name: operand})
    if name == "matches":
        return isinstance(value, str) and matches_pattern(operand, value, case_sensitive)
    if isinstance(value, list) and name in ("contains", "contains_any", "contains_all"):
        present = [
            any(_is_same(item, one, case_sensitive) for item in value)
            for one in (operand if isinstance(operand, list) else [operand])
        ]
        return any(present) if name == "contains_any" else all(present)
    if isinstance(value, str) and isinstance(operand, str):
        a, b = (value, operand) if case_sensitive else (value.casefold(), operand.casefold())
        return {"contains": b in a, "starts_with": a.startswith(b), "ends_with": a.endswith(b)}[name]
    return False


def _is_same(a: Any, b: Any, case_sensitive: bool) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a == b if case_sensitive else a.casefold() == b.casefold()
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return are_numbers(a, b) and bool(a == b)


def are_numbers(*values: Any) -> bool:
    """Whether all are numbers; booleans are not numbers."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def number_holds(number: float, operators: dict[str, Any]) -> bool:
    """Whether a number meets all the operators."""
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "eq": lambda n, x: n == x,
        "ne": lambda n, x: n != x,
        "gt": lambda n, x: n > x,
        "gte": lambda n, x: n >= x,
        "lt": lambda n, x: n < x,
        "lte": lambda n, x: n <= x,
        "between": lambda n, x: x[0] <= n <= x[1],
        "in": lambda n, x: n in x,
        "not_in": lambda n, x: n not in x,
    }
    return all(tests[name](number, operand) for name, operand in operators.items())
