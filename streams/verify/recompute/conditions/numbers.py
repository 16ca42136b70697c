"""Numbers as conditions compare them: exactly, and read from text where no type is declared (SPEC section 5)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

MILLION = 1_000_000

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MOST_DIGITS = 310
"""A whole number with more characters is beyond a double."""

_LARGEST_AMOUNT = 10**15
"""Sums and averages skip numbers beyond it, on either side of zero."""


def are_numbers(*values: Any) -> bool:
    """Whether all are numbers; booleans are not numbers."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def number_holds(number: Any, operators: dict[str, Any]) -> bool:
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


def read_number(value: Any) -> int | float | None:
    """The number that an undeclared value reads as: a number, or text that is a JSON number within a double's range."""
    if are_numbers(value):
        number: int | float = value
        return number
    return _number_from_text(value.strip()) if isinstance(value, str) else None


def number_text(number: float) -> str:
    """The canonical text of a number: integers in full, -0 as 0, else the shortest form that reads back."""
    return str(int(number)) if number == int(number) else repr(number)


def exact(number: float) -> Fraction:
    """A number as it is written, not as its double is rounded: 0.1 is a tenth."""
    return Fraction(repr(number))


def read_amount(value: Any) -> int | None:
    """The millionths that an undeclared value adds to a sum, rounded half-even; None where it is skipped."""
    number = read_number(value)
    if number is None or abs(number) > _LARGEST_AMOUNT:
        return None
    return round(exact(number) * MILLION)


def _number_from_text(text: str) -> int | float | None:
    match = _JSON_NUMBER.fullmatch(text)
    if match is None:
        return None
    if match[1] is None and match[2] is None:
        return int(text) if len(text) <= _MOST_DIGITS and _fits_double(int(text)) else None
    number = float(text)
    return None if math.isinf(number) else number


def _fits_double(number: int) -> bool:
    try:
        float(number)
    except OverflowError:
        return False
    return True
