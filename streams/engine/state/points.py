"""Computes points: kept between bounds, halved every `half_life`, rounded half-even to millionths (SPEC section 3).

The arithmetic of decay is decimal, so that every machine rounds alike.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal

_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN)
_HALF = Decimal("0.5")
_ZERO = Decimal(0)
_ONE = Decimal(1)

PointBounds = tuple[int, int]
"""The least and the most points (millionths) of the leads of a campaign."""


def clamp_points(points: int | Decimal, bounds: PointBounds | None) -> int | Decimal:
    """Points (millionths) cut to the bounds, both inclusive; as they are where there are none."""
    if bounds is None:
        return points
    least, most = bounds
    return min(max(points, least), most)


def decay_points(points: int | Decimal, elapsed: int, half_life: int) -> Decimal:
    """Points (millionths) after `elapsed` ms, not rounded."""
    if not points:
        return _ZERO  # a power takes some 15 us, and many leads have none
    exponent = _CONTEXT.divide(Decimal(elapsed), Decimal(half_life))
    return _CONTEXT.multiply(Decimal(points), _CONTEXT.power(_HALF, exponent))


def round_points(points: Decimal) -> int:
    """Rounds half-even to whole millionths."""
    return int(points.quantize(_ONE, context=_CONTEXT))


def points_at(points: int, since: int, now: int, half_life: int | None) -> int:
    """The points (millionths) at `now` of a lead that had `points` at `since`."""
    if half_life is None or points == 0 or now <= since:
        return points
    return round_points(decay_points(points, now - since, half_life))


def first_crossing(points: int, since: int, now: int, half_life: int, thresholds: tuple[int, ...]) -> int | None:
    """The first millisecond after `now` at which the rounded points compare otherwise with one of the thresholds.

    None when decay never takes them across one.
    """
    crossings = (_crossing_instant(points, since, now, half_life, threshold) for threshold in thresholds)
    return min((instant for instant in crossings if instant is not None), default=None)


def _crossing_instant(points: int, since: int, now: int, half_life: int, threshold: int) -> int | None:
    side = _side_of_threshold(points_at(points, since, now, half_life), threshold)
    if side == _side_of_threshold(0, threshold):
        return None  # decay goes towards zero and never back: on the side of zero nothing changes any more
    low, high = now, max(now + 1, _estimate_crossing(points, since, half_life, threshold))
    while _side_of_threshold(points_at(points, since, high, half_life), threshold) == side:
        low, high = high, high + max(1, (high - low) * 2)
    step = 1
    while (
        high - step > low and _side_of_threshold(points_at(points, since, high - step, half_life), threshold) != side
    ):
        high, step = high - step, step * 2
    low = max(low, high - step)
    while high - low > 1:
        middle = (low + high) // 2
        if _side_of_threshold(points_at(points, since, middle, half_life), threshold) == side:
            low = middle
        else:
            high = middle
    return high


def _side_of_threshold(points: int, threshold: int) -> int:
    return (points > threshold) - (points < threshold)


def _estimate_crossing(points: int, since: int, half_life: int, threshold: int) -> int:
    """About the instant at which the points reach the threshold, or half a millionth where it is near zero."""
    target = max(float(abs(threshold)), 0.5)
    if abs(points) <= target:
        return since
    return since + int(half_life * math.log2(abs(points) / target))
