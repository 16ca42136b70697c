"""The instant at which something that changes once changes, by bisection."""

from __future__ import annotations

from collections.abc import Callable


def first_change(predicate: Callable[[int], bool], low: int, high: int) -> int:
    """Returns the first millisecond after `low` at which the predicate has the value that it has at `high`."""
    target = predicate(high)
    while high - low > 1:
        middle = (low + high) // 2
        if predicate(middle) == target:
            high = middle
        else:
            low = middle
    return high
