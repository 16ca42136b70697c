"""Where what changes once has changed, found by halving the time."""

from __future__ import annotations

from collections.abc import Callable


def first_change(predicate: Callable[[int], bool], low: int, high: int) -> int:
    """The first millisecond after `low` at which it is as at `high`."""
    wanted = predicate(high)
    while high - low > 1:
        middle = (low + high) // 2
        if predicate(middle) == wanted:
            high = middle
        else:
            low = middle
    return high
