"""Points of a lead, in millionths, and how they decay: halved every half-life, rounded half-even (SPEC section 3)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache

from streams.verify.recompute.bisection import first_change

MILLION = 1_000_000
_EXACT = Context(prec=50, rounding=ROUND_HALF_EVEN)
_WHOLE = Decimal(1)
_HALF = Decimal("0.5")


def decay_points(points: Decimal, elapsed: int, half_life: int | None) -> Decimal:
    """Points after `elapsed` ms, not rounded; without a half-life they do not change."""
    if half_life is None or elapsed <= 0 or points == 0:
        return points
    return _EXACT.multiply(points, _remaining_factor(elapsed, half_life))


@lru_cache(maxsize=100_000)
def _remaining_factor(elapsed: int, half_life: int) -> Decimal:
    return _EXACT.power(_HALF, _EXACT.divide(Decimal(elapsed), Decimal(half_life)))


def add_exactly(points: Decimal, more: Decimal) -> Decimal:
    """The exact sum."""
    return _EXACT.add(points, more)


def round_points(points: Decimal) -> Decimal:
    """Half-even to whole millionths."""
    return points.quantize(_WHOLE, context=_EXACT)


def points_from_millionths(millionths: Decimal | int) -> float:
    """Points as outputs show them: an int where they are whole."""
    whole, rest = divmod(int(millionths), MILLION)
    return whole if rest == 0 else int(millionths) / MILLION


def first_crossing(points_at: Callable[[int], float], threshold: float, after: int, until: int) -> int | None:
    """Returns the first millisecond in (after, until] at which decaying points are on another side of `threshold`.

    None when there is none: points decay towards zero and never back, so the last millisecond decides.
    """

    def side(instant: int) -> int:
        points = points_at(instant)
        return (points > threshold) - (points < threshold)

    before = side(after)
    if until <= after or side(until) == before:
        return None
    return first_change(lambda instant: side(instant) == before, after, until)
