"""Draws numbers as text: bars of equal scale, and a line of blocks over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BAR_WIDTH = 30
MOST_COLUMNS = 48

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = "▁▂▃▄▅▆▇█"


def bar(value: int, largest: int, width: int = BAR_WIDTH) -> str:
    """A bar of `width` columns for the largest value; any value above 0 shows."""
    eighths = 0 if largest <= 0 else max(round(value * width * 8 / largest), 1 if value > 0 else 0)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def columns(by_day: Mapping[int, int], first: int, last: int, most: int = MOST_COLUMNS) -> list[int]:
    """Sums of the days from `first` to `last`, in at most `most` columns of equally many days."""
    days = max(last - first + 1, 1)
    width = -(-days // most)
    sums = [0] * -(-days // width)
    for day, count in by_day.items():
        if first <= day <= last:
            sums[(day - first) // width] += count
    return sums


def heights(values: Sequence[int], largest: int) -> str:
    """One block for each value, its height relative to the largest; a blank for 0."""
    return "".join(" " if value <= 0 else _HEIGHTS[min(value * 8 // max(largest, 1), 7)] for value in values)
