"""Date arithmetic: `now-7d`, `now/d`, `now/w-1w`, `2026-03-31||-1M` (SPEC section 5).

Steps apply left to right, each to an instant. `ms s m h` are fixed lengths; `d w M y` are calendar units in a zone:
local clocks show the same time on another day. `/unit` rounds down to the start of the unit; weeks start on Monday.
Months clamp to their last day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from streams.engine.conditions.dates.calendar_days import to_ordinal, year_month_day
from streams.engine.conditions.dates.zones import (
    DAY,
    EPOCH_ORDINAL,
    HOUR,
    MINUTE,
    SECOND,
    WEEK,
    instant_from_wall,
    last_instant_of_wall,
    utc_offset_at,
    wall_at,
)

FIXED_UNITS = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR}
CALENDAR_UNITS = ("d", "w", "M", "y")

_STEP = re.compile(r"([+-])([0-9]{1,9})(ms|[smhdwMy])|/(ms|[smhdwMy])")
_ROUNDING_SLACK = {"ms": 1, **FIXED_UNITS, "d": DAY, "w": 7 * DAY, "M": 31 * DAY, "y": 366 * DAY}
ZONE_SLACK = 3 * DAY  # more than two zones can differ by, even with clock changes
_MONTH_SLACK = 5 * DAY  # more than a number of months or years can vary in length
_MONDAY = 4  # days from the epoch to a Monday, 1970-01-05


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift by `amount` units; back when it is negative."""

    amount: int
    unit: str

    @property
    def is_calendar(self) -> bool:
        return self.unit in CALENDAR_UNITS

    def apply(self, instant: int, zone: ZoneInfo) -> int:
        """Returns the shifted instant (ms)."""
        if not self.is_calendar:
            return instant + self.amount * FIXED_UNITS[self.unit]
        wall = self.on_wall(wall_at(zone, instant))
        return instant_from_wall(zone, wall)

    def on_wall(self, wall: int) -> int:
        """Returns what local clocks show after a shift by calendar units (ms)."""
        if self.unit == "d":
            return wall + self.amount * DAY
        if self.unit == "w":
            return wall + self.amount * WEEK
        months = self.amount * (12 if self.unit == "y" else 1)
        days, time_of_day = divmod(wall, DAY)
        return (_add_months(days, months)) * DAY + time_of_day


@dataclass(frozen=True, slots=True)
class Round:
    """Rounding down to the start of a unit."""

    unit: str

    @property
    def is_calendar(self) -> bool:
        return self.unit in CALENDAR_UNITS

    def apply(self, instant: int, zone: ZoneInfo) -> int:
        """Returns the rounded instant (ms)."""
        if self.is_calendar:
            return instant_from_wall(zone, self.on_wall(wall_at(zone, instant)))
        # In a doubled hour the pass of `instant` counts; if clocks changed within the unit, it started before that.
        offset = utc_offset_at(zone, instant)
        start = instant - (instant + offset) % FIXED_UNITS[self.unit]
        return start if utc_offset_at(zone, start) == offset else last_instant_of_wall(zone, start + offset, instant)

    def on_wall(self, wall: int) -> int:
        """Returns where the unit starts on local clocks (ms)."""
        if not self.is_calendar:
            return wall - wall % FIXED_UNITS[self.unit]
        days = wall // DAY
        if self.unit == "w":
            days -= (days - _MONDAY) % 7
        elif self.unit in ("M", "y"):
            year, month, _ = year_month_day(days + EPOCH_ORDINAL)
            days = to_ordinal(year, month if self.unit == "M" else 1, 1) - EPOCH_ORDINAL
        return days * DAY

    def next_on_wall(self, wall: int) -> int:
        """Returns where the next unit starts on local clocks (ms)."""
        start = self.on_wall(wall)
        if not self.is_calendar:
            return start + FIXED_UNITS[self.unit]
        return Shift(1, self.unit).on_wall(start)


DateStep = Shift | Round


def _add_months(days: int, months: int) -> int:
    """Adds months to a day, clamped to the month's last day; days are counted from the epoch."""
    year, month, day = year_month_day(days + EPOCH_ORDINAL)
    years, month_index = divmod(month - 1 + months, 12)
    return to_ordinal(year + years, month_index + 1, day) - EPOCH_ORDINAL


def parse_steps(text: str) -> tuple[DateStep, ...] | None:
    """Parses the steps of date arithmetic such as `-7d/d+1h`; None when the text is something else."""
    steps: list[DateStep] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            return None
        sign, amount, unit, rounding_unit = match.groups()
        steps.append(Round(rounding_unit) if rounding_unit else Shift(int(sign + amount), unit))
        position = match.end()
    return tuple(steps)


def apply_steps(steps: Sequence[DateStep], instant: int, zone: ZoneInfo) -> int:
    """Applies the steps to an instant (ms), from left to right."""
    for step in steps:
        instant = step.apply(instant, zone)
    return instant


def total_slack(steps: tuple[DateStep, ...]) -> int:
    """Returns how far (ms) the result of the steps may differ between two zones, or move back as time passes."""
    slack = ZONE_SLACK
    for step in steps:
        if isinstance(step, Round):
            slack += _ROUNDING_SLACK[step.unit]
        elif step.unit in ("M", "y"):
            slack += _MONTH_SLACK
    return slack
