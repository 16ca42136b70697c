"""Date arithmetic: `now-7d`, `now/d`, `now/w-1w`, `2026-03-31||-1M` (SPEC section 5).

Steps apply left to right, each to an instant. `ms s m h` are fixed lengths; `d w M y` are calendar units in a zone:
local clocks show the same time on another day. `/unit` rounds down to where the unit began; weeks begin on Monday.
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
ZONE_SLACK = 3 * DAY  # more than two zones can differ by, together with any change of clocks
_MONTH_SLACK = 5 * DAY  # how much the length of so many months or years can vary
_MONDAY = 4  # 1970-01-05, counted in days from the epoch, was a Monday


@dataclass(frozen=True, slots=True)
class Shift:
    """So many units later, or earlier where `amount` is negative."""

    amount: int
    unit: str

    @property
    def is_calendar(self) -> bool:
        return self.unit in CALENDAR_UNITS

    def apply(self, instant: int, zone: ZoneInfo) -> int:
        """The shifted instant (ms)."""
        if not self.is_calendar:
            return instant + self.amount * FIXED_UNITS[self.unit]
        wall = self.on_wall(wall_at(zone, instant))
        return instant_from_wall(zone, wall)

    def on_wall(self, wall: int) -> int:
        """What local clocks show after the shift (ms), for calendar units."""
        if self.unit == "d":
            return wall + self.amount * DAY
        if self.unit == "w":
            return wall + self.amount * WEEK
        months = self.amount * (12 if self.unit == "y" else 1)
        days, time_of_day = divmod(wall, DAY)
        return (_add_months(days, months)) * DAY + time_of_day


@dataclass(frozen=True, slots=True)
class Round:
    """Down to where the unit began."""

    unit: str

    @property
    def is_calendar(self) -> bool:
        return self.unit in CALENDAR_UNITS

    def apply(self, instant: int, zone: ZoneInfo) -> int:
        """The rounded instant (ms)."""
        if self.is_calendar:
            return instant_from_wall(zone, self.on_wall(wall_at(zone, instant)))
        # Within an hour that comes twice the present pass counts; where clocks changed meanwhile it began before.
        offset = utc_offset_at(zone, instant)
        began = instant - (instant + offset) % FIXED_UNITS[self.unit]
        return began if utc_offset_at(zone, began) == offset else last_instant_of_wall(zone, began + offset, instant)

    def on_wall(self, wall: int) -> int:
        """Where the unit began on local clocks (ms)."""
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
        """Where the next unit begins on local clocks (ms)."""
        began = self.on_wall(wall)
        if not self.is_calendar:
            return began + FIXED_UNITS[self.unit]
        return Shift(1, self.unit).on_wall(began)


DateStep = Shift | Round


def _add_months(days: int, months: int) -> int:
    """Days since the epoch, so many months later, clamped to the month's last day."""
    year, month, day = year_month_day(days + EPOCH_ORDINAL)
    years, later = divmod(month - 1 + months, 12)
    return to_ordinal(year + years, later + 1, day) - EPOCH_ORDINAL


def parse_steps(text: str) -> tuple[DateStep, ...] | None:
    """The steps of `-7d/d+1h`; None when the text is something else."""
    steps: list[DateStep] = []
    place = 0
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None:
            return None
        sign, amount, unit, rounded = match.groups()
        steps.append(Round(rounded) if rounded else Shift(int(sign + amount), unit))
        place = match.end()
    return tuple(steps)


def apply_steps(steps: Sequence[DateStep], instant: int, zone: ZoneInfo) -> int:
    """Where the steps lead from an instant (ms)."""
    for step in steps:
        instant = step.apply(instant, zone)
    return instant


def total_slack(steps: tuple[DateStep, ...]) -> int:
    """How far (ms) what the steps lead to may lie from where it lies in another zone, or go back as time goes on."""
    slack = ZONE_SLACK
    for step in steps:
        if isinstance(step, Round):
            slack += _ROUNDING_SLACK[step.unit]
        elif step.unit in ("M", "y"):
            slack += _MONTH_SLACK
    return slack
