"""Amounts as exact decimal text."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation

# An amount has at most 30 digits before its point or behind it, so that the sum of any number of amounts has fewer
# digits than this; a result that would be rounded raises instead.
EXACT = Context(prec=100, traps=[Inexact])
ZERO = "0"
_MOST_DIGITS = 40
"""Before the point and behind it: those of an amount, 30, and what a sum of any number of amounts may have more."""


def parse_amount(text: str | None) -> Decimal:
    """Returns a told amount; 0 where there is none, or none that is a sum of amounts, as from another CRM."""
    try:
        amount = Decimal(text or ZERO)
    except InvalidOperation:
        return Decimal(0)
    if not amount.is_finite():
        return Decimal(0)
    has_room = amount.adjusted() < _MOST_DIGITS and int(amount.as_tuple().exponent) >= -_MOST_DIGITS
    return amount if has_room else Decimal(0)


def amount_text(amount: Decimal) -> str:
    """Returns an amount without exponent and trailing zeros: 1.50E+3 is `1500`, 0.30 is `0.3`."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return ZERO if text == "-0" else text


def plus(one: str, other: str) -> str:
    """Returns the exact sum. Raises decimal.Inexact beyond 100 digits."""
    return amount_text(EXACT.add(Decimal(one), Decimal(other)))


def minus(one: str, other: str) -> str:
    """Returns the exact difference. Raises decimal.Inexact beyond 100 digits."""
    return amount_text(EXACT.subtract(Decimal(one), Decimal(other)))
