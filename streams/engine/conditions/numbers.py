"""Operators on numbers, which test numbers only; a boolean is none.

Text of an undeclared value that reads as a number counts as one: `number_from` says which. It is exact, so an operand
it is compared with counts as it is written; a JSON number is the double or the whole number that it came as. Scores
and points are stored as whole millionths.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from schemas.conditions import NumberOperators
from schemas.values import MILLION
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.predicates import Predicate, all_of, negate

Numeric = int | float | Decimal

_NUMBER_TYPES = (int, float, Decimal)  # `int | float` in the function would build the union in every call
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<rest>(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_MOST_DIGITS = 310  # with its sign; a longer whole number is beyond a double, and Python does not read any length
_BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""The characters with Unicode's property White_Space; `str.strip` would also take the separators U+001C to U+001F."""


def is_number(value: Any) -> bool:
    """Whether a value is a JSON number, or one that text reads as."""
    return isinstance(value, _NUMBER_TYPES) and value is not True and value is not False


def number_from(value: Any) -> Numeric | None:
    """Returns the number that an undeclared value counts as; None when it counts as none.

    Text counts when, trimmed of blanks, it is a JSON number within a double's range; it is then exact, a whole number
    as an int. Closer to 0 than any double is 0.
    """
    if not isinstance(value, str):
        return value if is_number(value) else None
    text = value.strip(_BLANKS)
    match = _JSON_NUMBER.fullmatch(text)
    if match is None:
        return None
    if match["rest"]:
        nearest = float(text)  # before anything else: what a double can hold has a small exponent
        return (_exact_decimal(text) if nearest else 0) if math.isfinite(nearest) else None
    whole = int(text) if len(text) <= _MOST_DIGITS else None
    return whole if whole is not None and is_within_double(whole) else None


def exact_number(number: float) -> int | Decimal:
    """Returns a number as it is written: a double counts as its shortest decimal form."""
    return number if isinstance(number, int) else _exact_decimal(repr(number))


def _exact_decimal(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def is_within_double(number: Numeric) -> bool:
    """Whether a double can hold the number, rounded."""
    try:
        return math.isfinite(float(number))
    except OverflowError:
        return False


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


def has_number_operator(operators: NumberOperators) -> bool:
    """Whether there is an operator that a number is compared with."""
    return any(getattr(operators, field) is not None for field in NumberOperators.model_fields)


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
