"""When a date that moves with now (`now/d-7d`) passes an instant that stands still.

Such a date goes on as time does, by leaps at most where a local day begins or clocks change, which is at a quarter of
an hour. So within a quarter it is enough to know both ends, and to halve the quarter where they differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from streams.verify.recompute.bisection import first_change
from streams.verify.recompute.conditions.dates import date_span

QUARTER = 900_000
DAY = 86_400_000
"""In ms."""

_ROUNDING_DAYS = {"w": 7, "M": 31, "y": 366}
_SLACK_DAYS = 8
"""Days by which months, years and clock changes differ in length, plus one."""


@dataclass(frozen=True)
class _BoundSamples:
    """The start of a date, or its end, at each of the sampled instants; all in ms."""

    sample_instants: tuple[int, ...]
    bound_instants: tuple[int, ...]
    least: int
    most: int

    def crossings(self, instant: int) -> Iterator[tuple[int, int]]:
        """Pairs of neighbouring samples between which it crosses an instant."""
        if self.least <= instant < self.most:
            past = [instant >= each for each in self.bound_instants]
            for (low, before), (high, here) in pairwise(zip(self.sample_instants, past, strict=True)):
                if here != before:
                    yield low, high


def crossing_instants(text: str, instant: int, zone: ZoneInfo, after: int, until: int) -> Iterator[int]:
    """Every millisecond between `after` and `until` at which the start or the end of the date passes the instant."""
    yield from (now for now in _crossings(text, instant, zone) if after < now < until)


@lru_cache(maxsize=20_000)
def _crossings(text: str, instant: int, zone: ZoneInfo) -> tuple[int, ...]:
    about = 2 * instant - date_span(text, instant, zone)[0]
    reach = _SLACK_DAYS + sum(_ROUNDING_DAYS.get(unit, 1) for unit in re.findall(r"/(\w)", text))
    instants = []
    for number in range(about // DAY - reach, about // DAY + reach + 1):
        for end, side in enumerate(_sample_day(text, zone, number)):

            def is_past(now: int, end: int = end) -> bool:
                return instant >= date_span(text, now, zone)[end]

            instants += [first_change(is_past, low, high) for low, high in side.crossings(instant)]
    return tuple(instants)


@lru_cache(maxsize=1_000)
def _sample_day(text: str, zone: ZoneInfo, day_number: int) -> tuple[_BoundSamples, _BoundSamples]:
    """Start and end during one UTC day: at its quarters and the millisecond before each, up to the next day."""
    quarters = range(day_number * DAY, (day_number + 1) * DAY + 1, QUARTER)
    indexes = tuple(place for quarter in quarters for place in (quarter - 1, quarter))[1:]
    spans = [date_span(text, index, zone) for index in indexes]
    starts, ends = tuple(start for start, _ in spans), tuple(end for _, end in spans)
    return _BoundSamples(indexes, starts, min(starts), max(starts)), _BoundSamples(
        indexes, ends, min(ends), max(ends)
    )
