"""Numbers as conditions compare them: exactly, and read from text where no type is declared (SPEC section 5)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

MILLION = 1_000_000
_MILLIONTH = Decimal("0.000001")
_SEPARATORS = "\x1c\x1d\x1e\x1f"
_WHITE_SPACE = "".join(one for one in map(chr, range(0x3001)) if one.isspace() and one not in _SEPARATORS)
"""Unicode's White_Space; `isspace` also says so of four separators, which have not this property."""

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


def read_number(value: Any) -> int | float | Decimal | None:
    """The number that an undeclared value reads as: itself, or text that is a JSON number within a double's range.

    Text is read exactly.
    """
    if are_numbers(value):
        number: int | float = value
        return number
    return _number_from_text(value.strip(_WHITE_SPACE)) if isinstance(value, str) else None


def meets_number(value: Any, name: str, operand: Any) -> bool:
    """Whether an undeclared value reads as a number that meets an operator; text meets the operand as written."""
    bounds = operand if isinstance(operand, list | tuple) else [operand]
    number = read_number(value)
    if number is None or not are_numbers(*bounds):
        return False
    if isinstance(value, str):
        operand = [exact(one) for one in bounds] if bounds is operand else exact(operand)
    return number_holds(number, {name: operand})


def number_text(number: float) -> str:
    """The canonical text of a number: integers in full, -0 as 0, else the shortest form that reads back."""
    return str(int(number)) if number == int(number) else repr(number)


def exact(number: float) -> Fraction:
    """A number as it is written, not as its double is rounded: 0.1 is a tenth."""
    return Fraction(repr(number))


def read_amount(value: Any) -> int | None:
    """The millionths that an undeclared value adds to a sum, rounded half-even; None where it is skipped."""
    number = read_number(value)
    if number is None or not -_LARGEST_AMOUNT <= number <= _LARGEST_AMOUNT:
        return None
    if isinstance(number, Decimal):
        return int(number.quantize(_MILLIONTH, ROUND_HALF_EVEN) * MILLION)
    return round(exact(number) * MILLION)


def _number_from_text(text: str) -> int | Decimal | None:
    """The number that a text is, exactly; what is too small for a double is 0."""
    match = _JSON_NUMBER.fullmatch(text)
    if match is None:
        return None
    if match[1] is None and match[2] is None:
        return int(text) if len(text) <= _MOST_DIGITS and _fits_double(int(text)) else None
    rounded = float(text)
    if math.isinf(rounded):
        return None
    number = Decimal(0) if rounded == 0 else Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def _fits_double(number: int) -> bool:
    try:
        float(number)
    except OverflowError:
        return False
    return True
