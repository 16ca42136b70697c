"""Operators on numbers; a boolean is no number, and neither is text that looks like one.

Scores and points are kept as whole millionths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.conditions import NumberOperators
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.predicates import Predicate, all_of, negate
from streams.engine.state.points import MILLION

Numeric = int | float

_NUMBER_TYPES = (int, float)  # spelled out once: `int | float` would be built anew in every call


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, _NUMBER_TYPES) and value is not True and value is not False


def equals(operand: Numeric) -> Predicate:
    """The same number, 5 and 5.0 alike."""
    return lambda value: is_number(value) and value == operand


def among(operands: Sequence[Numeric]) -> Predicate:
    """One of these numbers."""
    wanted = frozenset(operands)
    return lambda value: is_number(value) and value in wanted


def compares(operator: str, operand: Numeric) -> Predicate:
    """Greater or smaller than the operand."""
    if operator == "gt":
        return lambda value: is_number(value) and value > operand
    if operator == "gte":
        return lambda value: is_number(value) and value >= operand
    if operator == "lt":
        return lambda value: is_number(value) and value < operand
    return lambda value: is_number(value) and value <= operand


def between(lower: Numeric, upper: Numeric) -> Predicate:
    """From lower to upper, both included."""
    return lambda value: is_number(value) and lower <= value <= upper


def number_test(operators: NumberOperators) -> Predicate:
    """What must hold of a number kept in millionths (None: there is none). Raises ConditionRefused without any.

    It is the number as outputs write it that is compared: an operand has no more digits than that either.
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
    return lambda kept: test(None if kept is None else kept / MILLION)
