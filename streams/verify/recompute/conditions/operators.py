"""The operators of SPEC section 5 on one value; None is a missing value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from schemas.time_zones import UTC, find_zone, require_zone
from schemas.values import instant_ms
from streams.verify.recompute.conditions.dates import (
    date_holds,
    day_holds,
    is_date_value,
    is_day,
    parse_instant,
)
from streams.verify.recompute.conditions.numbers import are_numbers, number_holds
from streams.verify.recompute.conditions.text_rules import TextRules
from streams.verify.recompute.conditions.undeclared import is_same, text_holds, undeclared_holds
from streams.verify.recompute.model import ContactModel

NEGATIONS = {"ne": "eq", "not_in": "in", "not_contains": "contains"}
DATE_OPERATORS = frozenset({"before", "after", "within_last", "within_next", "older_than", "anniversary_within"})
ORDER_OPERATORS = frozenset({"gt", "gte", "lt", "lte", "between"})
DAY_OPERATORS = frozenset({"eq", "in", "before", "after", *ORDER_OPERATORS})
"""From version 4 on these compare a calendar date with the day in which an instant lies."""

_FIRST, _LAST = instant_ms("0001-01-01T00:00:00Z"), instant_ms("9999-12-31T23:59:59.999Z")
MODIFIERS = frozenset({"case_sensitive", "accents", "in_zone"})


@dataclass
class OperatorContext:
    """The value an operator is evaluated on, and how."""

    value: Any
    property_type: str | None
    zone: ZoneInfo
    text_rules: TextRules
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
    if property_type is not None and not fits(value, property_type, model.engine_version):
        value = None
    rules = TextRules(
        is_normalized=model.engine_version >= 4,
        case_sensitive=operators.get("case_sensitive", False),
        ignores_accents=operators.get("accents") == "ignore",
    )
    context = OperatorContext(value, property_type, zone_for(operators, model), rules, model, now)
    return all(_operator_holds(name, x, context) for name, x in operators.items() if name not in MODIFIERS)


def fits(value: Any, property_type: str, engine_version: int) -> bool:
    """Whether a value is of a declared type."""
    if property_type in ("date", "datetime"):
        return isinstance(value, str) and _fits_date(value, property_type, engine_version)
    if property_type == "number":
        return are_numbers(value)
    if property_type == "list":
        return isinstance(value, list) and not any(isinstance(one, dict | list) or one is None for one in value)
    if property_type == "object":
        return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(one, dict) for one in value))
    return isinstance(value, str if property_type == "text" else bool)


def _fits_date(text: str, property_type: str, engine_version: int) -> bool:
    """A `datetime` must lie in the years 1 to 9999 when it is written in UTC; from version 4 on it may be a day."""
    instant = parse_instant(text, UTC)
    if instant is None:
        return False
    if is_day(text):
        return property_type == "date" or engine_version >= 4
    return property_type == "datetime" and _FIRST <= instant <= _LAST


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
        return _date_operator_holds(name, operand, context)
    if name in ("eq", "in") and context.property_type is None:
        return any(
            _equals(value, one, context) for one in (operand if isinstance(operand, list | tuple) else [operand])
        )
    if context.property_type is None and context.model.engine_version >= 4:
        return undeclared_holds(name, operand, value, context.text_rules)
    return _strict_operator_holds(name, operand, value, context.text_rules)


def _date_operator_holds(name: str, operand: Any, context: OperatorContext) -> bool:
    """Compares as calendar days where the value is one, and a `datetime` that is one by the account's midnight."""
    value, zone = context.value, context.zone
    if context.model.engine_version >= 4 and is_day(value):
        if context.property_type == "datetime":
            zone = require_zone(context.model.zone)
        elif name in DAY_OPERATORS:
            return day_holds(name, operand, value, context.now, zone)
    instant = parse_instant(value, zone)
    return instant is not None and date_holds(name, operand, instant, context.now, context.zone)


def _equals(value: Any, operand: Any, context: OperatorContext) -> bool:
    """Compares as dates when both are dates; otherwise as texts, numbers or booleans."""
    if isinstance(operand, str) and is_date_value(operand) and parse_instant(value, context.zone) is not None:
        return _date_operator_holds("eq", operand, context)
    if context.model.engine_version >= 4:
        return is_same(value, operand, context.text_rules)
    return _is_strictly_same(value, operand, context.text_rules)


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


def _strict_operator_holds(name: str, operand: Any, value: Any, rules: TextRules) -> bool:
    """Declared types, and before version 4 all values: a value of another kind than the operand's never meets it."""
    if name == "eq":
        return _is_strictly_same(value, operand, rules)
    if name == "in":
        return any(_is_strictly_same(value, one, rules) for one in operand)
    if name in ORDER_OPERATORS:
        operands = operand if isinstance(operand, list) else [operand]
        return are_numbers(value, *operands) and number_holds(value, {name: operand})
    if isinstance(value, list) and name in ("contains", "contains_any", "contains_all"):
        present = [
            any(_is_strictly_same(item, one, rules) for item in value)
            for one in (operand if isinstance(operand, list) else [operand])
        ]
        return any(present) if name == "contains_any" else all(present)
    return isinstance(value, str) and isinstance(operand, str) and text_holds(name, operand, value, rules)


def _is_strictly_same(a: Any, b: Any, rules: TextRules) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return rules.fold(a) == rules.fold(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return are_numbers(a, b) and bool(a == b)
