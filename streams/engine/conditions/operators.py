"""Compiles the operators of a property leaf or a filter into tests of one JSON value (None: it is missing).

A declared type decides which operators and operands fit. Without one, each operand's own JSON type decides what it
compares with, and a value that does not count as one of that type counts as missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.engine.conditions.dates.date_bounds import is_date_value
from streams.engine.conditions.dates.date_tests import date_test
from streams.engine.conditions.dates.day_tests import day_test
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.operand_types import (
    DATE_OPERATORS,
    EQUALITY_OPERATORS,
    EXISTENCE_OPERATORS,
    LENGTH_OPERATORS,
    ORDER_OPERATORS,
    require_fit,
    require_operators,
    to_tuple,
)
from streams.engine.conditions.plain_operators import PlainOperators
from streams.engine.conditions.predicates import Predicate
from streams.engine.conditions.value_tests import (
    DateOrPlainTest,
    DatetimeValueTest,
    DateValueTest,
    DayOrInstantTest,
    HasItemTest,
    NegatedTest,
    TimedTest,
    ValueTests,
)

_ZONE_PATH = ("in_zone",)
_NEGATED_DATE_OPERATORS = {"ne": "eq", "not_in": "in"}


def compile_operators(
    operators: Operators, property_type: PropertyType | None, version: EngineVersion = NEWEST_VERSION
) -> ValueTests:
    """Returns the tests of a value of the declared type, or of any type (None), as that engine version decides it.

    Raises ConditionRefused when an operator or operand does not fit.
    """
    plain: list[Predicate] = []
    timed: list[TimedTest] = []
    plain_operators = PlainOperators(operators, property_type, version)
    if operators.has_item is not None and "in_zone" in operators.model_fields_set:
        raise ConditionRefused(
            "says nothing beside has_item; write it inside, beside the dates it is meant for", _ZONE_PATH
        )
    for name, operand in require_operators(operators).items():
        try:
            require_fit(name, operand, property_type)
            if name == "has_item":
                timed.append(_compile_has_item(operand, version))
            elif _compares_dates(name, operand, property_type):
                timed.append(_compile_date_test(name, operand, operators, property_type, version))
            elif _may_equal_dates(name, operand, property_type):
                date = _compile_date_test(name, _date_operands(operand), operators, property_type, version)
                timed.append(DateOrPlainTest(date, plain_operators.predicate(name, operand)))
            else:
                plain.append(plain_operators.predicate(name, operand))
        except ConditionRefused as refusal:
            raise refusal.with_prefix(name) from None
    return ValueTests(tuple(plain), tuple(timed))


def _compile_date_test(
    name: str, operand: Any, operators: Operators, property_type: PropertyType | None, version: EngineVersion
) -> TimedTest:
    """Returns the test of a date; from version 4 on a calendar date is compared as a day, but for a `datetime`."""
    uses_contact_zone = operators.in_zone == "contact"
    if version >= 4 and property_type == "datetime":
        return DatetimeValueTest(date_test(name, operand), uses_contact_zone)
    if version < 4 or name in LENGTH_OPERATORS:
        return DateValueTest(date_test(name, operand), uses_contact_zone)
    if name in _NEGATED_DATE_OPERATORS:
        positive = _NEGATED_DATE_OPERATORS[name]
        return NegatedTest(_compile_date_test(positive, operand, operators, property_type, version))
    return DayOrInstantTest(date_test(name, operand), day_test(name, operand), uses_contact_zone)


def may_decide_otherwise(operators: Operators, property_type: PropertyType | None) -> bool:
    """Whether engine version 4 may decide another truth than version 3 of some value."""
    names = require_operators(operators).keys()
    if property_type in ("number", "boolean"):
        return False
    if property_type == "datetime":
        return True  # a calendar date is one
    return not names <= EXISTENCE_OPERATORS | (LENGTH_OPERATORS if property_type == "date" else set())


def uses_dates(operators: Operators, property_type: PropertyType | None) -> bool:
    """Whether these operators compare dates, so that the time zone and the present matter."""
    for name, operand in require_operators(operators).items():
        if name == "has_item":
            if any(uses_dates(inner, None) for inner in operand.values()):
                return True
        elif _compares_dates(name, operand, property_type) or _may_equal_dates(name, operand, property_type):
            return True
    return False


def contact_zone_path(operators: Operators) -> tuple[str, ...] | None:
    """Returns the keys that lead to `in_zone: contact`, at any depth of has_item; None when there is none."""
    if operators.in_zone == "contact":
        return _ZONE_PATH
    for field, inner in (operators.has_item or {}).items():
        inner_path = contact_zone_path(inner)
        if inner_path is not None:
            return ("has_item", field, *inner_path)
    return None


def _compares_dates(name: str, operand: Any, property_type: PropertyType | None) -> bool:
    """Whether the operator compares dates: always for a declared date, else where only dates fit the operator."""
    if name in EXISTENCE_OPERATORS:
        return False
    if property_type in ("date", "datetime"):
        return True
    if name in DATE_OPERATORS:
        return True
    if property_type is not None or name not in ORDER_OPERATORS:
        return False
    return any(isinstance(one, str) for one in to_tuple(operand))


def _may_equal_dates(name: str, operand: Any, property_type: PropertyType | None) -> bool:
    """Whether an undeclared value is compared for equality with a date, in case the value is a date itself."""
    return property_type is None and name in EQUALITY_OPERATORS and bool(_date_operands(to_tuple(operand)))


def _date_operands(operand: Any) -> Any:
    """Returns the date values of a list of operands; a single operand unchanged."""
    if not isinstance(operand, tuple):
        return operand
    return tuple(one for one in operand if isinstance(one, str) and is_date_value(one))


def _compile_has_item(fields: Mapping[str, Operators], version: EngineVersion) -> HasItemTest:
    fields_tests: list[tuple[str, ValueTests]] = []
    for key, operators in fields.items():
        try:
            fields_tests.append((key, compile_operators(operators, None, version)))
        except ConditionRefused as refusal:
            raise refusal.with_prefix(key) from None
    return HasItemTest(tuple(fields_tests))
