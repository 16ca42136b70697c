"""Calendar days as proleptic ordinals, as in `date.toordinal`, also beyond the years 1 and 9999, where `date` ends.

The calendar repeats every 400 years, with its leap years and days of the week.
"""

from __future__ import annotations

import calendar
from datetime import date

CYCLE_DAYS = 146_097
_CYCLE_YEARS = 400


def year_month_day(ordinal: int) -> tuple[int, int, int]:
    """Returns a day's year, month and day, such as (2026, 3, 31)."""
    cycles, within = divmod(ordinal - 1, CYCLE_DAYS)
    day = date.fromordinal(within + 1)
    return day.year + cycles * _CYCLE_YEARS, day.month, day.day


def to_ordinal(year: int, month: int, day: int) -> int:
    """Returns the ordinal of a day, clamped to the month's last day."""
    cycles, within = divmod(year - 1, _CYCLE_YEARS)
    last = calendar.monthrange(within + 1, month)[1]
    return date(within + 1, month, min(day, last)).toordinal() + cycles * CYCLE_DAYS
