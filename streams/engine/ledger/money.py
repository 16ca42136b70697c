"""Amounts as exact decimal text."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact

# An amount has at most 30 digits before its point or behind it, so that the sum of any number of amounts has fewer
# digits than this; a result that would be rounded raises instead.
_EXACT = Context(prec=100, traps=[Inexact])
ZERO = "0"


def amount_text(amount: Decimal) -> str:
    """Returns an amount without exponent and trailing zeros: 1.50E+3 is `1500`, 0.30 is `0.3`."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return ZERO if text == "-0" else text


def plus(one: str, other: str) -> str:
    """Returns the exact sum. Raises decimal.Inexact beyond 100 digits."""
    return amount_text(_EXACT.add(Decimal(one), Decimal(other)))


def minus(one: str, other: str) -> str:
    """Returns the exact difference. Raises decimal.Inexact beyond 100 digits."""
    return amount_text(_EXACT.subtract(Decimal(one), Decimal(other)))
