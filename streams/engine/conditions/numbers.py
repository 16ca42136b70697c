"""Operators on numbers. A boolean is not a number, and neither is text that looks like one.

Scores and points are stored as whole millionths.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from schemas.conditions import NumberOperators
from schemas.values import MILLION
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.predicates import Predicate, all_of, negate

Numeric = int | float

_NUMBER_TYPES = (int, float)  # `int | float` in the function would build the union in every call


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, _NUMBER_TYPES) and value is not True and value is not False


_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def number_from(value: Any) -> Numeric | None:
    """Returns the number that an undeclared value counts as; None for a value that is none.

    That is a number itself, or text that is a JSON number within a double's range once Unicode blanks are trimmed.
    """
    if not isinstance(value, str):
        return value if is_number(value) else None
    match = _JSON_NUMBER.fullmatch(value.strip())
    if match is None:
        return None
    number = float(match[0])
    if math.isinf(number):
        return None
    return int(match[0]) if match[1] is None and match[2] is None else number


def equals(operand: Numeric) -> Predicate:
    """Tests for the same number; 5 and 5.0 are equal."""
    return lambda value: is_number(value) and value == operand


def among(operands: Sequence[Numeric]) -> Predicate:
    """Tests for one of these numbers."""
    numbers = frozenset(operands)
    return lambda value: is_number(value) and value in numbers


def compares(operator: str, operand: Numeric) -> Predicate:
    """Tests for a number greater or smaller than the operand; `operator` is gt, gte, lt or lte."""
    if operator == "gt":
        return lambda value: is_number(value) and value > operand
    if operator == "gte":
        return lambda value: is_number(value) and value >= operand
    if operator == "lt":
        return lambda value: is_number(value) and value < operand
    return lambda value: is_number(value) and value <= operand


def between(lower: Numeric, upper: Numeric) -> Predicate:
    """Tests for a number from lower to upper, both included."""
    return lambda value: is_number(value) and lower <= value <= upper


def number_test(operators: NumberOperators) -> Predicate:
    """Returns the test of a number stored in millionths (None: it is missing).

    The number is compared as outputs write it, because operands have no more digits than that.

    Raises ConditionRefused when there is no operator.
    """
    tests: list[Predicate] = []
    if operators.eq is not None:
        tests.append(equals(operators.eq))
    if operators.ne is not None:
        tests.append(negate(equals(operators.ne)))
    if operators.in_ is not None:
        tests.append(among(operators.in_))
    if operators.not_in is not None:
        tests.append(negate(among(operators.not_in)))
    for name in ("gt", "gte", "lt", "lte"):
        operand = getattr(operators, name)
        if operand is not None:
            tests.append(compares(name, operand))
    if operators.between is not None:
        lower, upper = operators.between
        tests.append(between(lower, upper))
    if not tests:
        raise ConditionRefused("an operator is missing; write eq, ne, in, not_in, gt, gte, lt, lte or between")
    test = all_of(tests)
    return lambda millionths: test(None if millionths is None else millionths / MILLION)
