"""Amounts as exact decimal text."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact

# Wide enough for sums of amounts of 30 digits; a result that would have to be rounded raises instead.
_EXACT = Context(prec=60, traps=[Inexact])
ZERO = "0"


def amount_text(amount: Decimal) -> str:
    """An amount without exponent and without idle zeros: 1.50E+3 is `1500`, 0.30 is `0.3`."""
    written = f"{amount:f}"
    if "." in written:
        written = written.rstrip("0").rstrip(".")
    return ZERO if written == "-0" else written


def plus(one: str, other: str) -> str:
    """The exact sum. Raises decimal.Inexact beyond 60 digits."""
    return amount_text(_EXACT.add(Decimal(one), Decimal(other)))


def minus(one: str, other: str) -> str:
    """The exact difference. Raises decimal.Inexact beyond 60 digits."""
    return amount_text(_EXACT.subtract(Decimal(one), Decimal(other)))
