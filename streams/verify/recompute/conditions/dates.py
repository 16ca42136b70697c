"""Dates and date arithmetic in a time zone (SPEC section 5). A local time that does not exist shifts forward."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from schemas import time_zones
from schemas.values import duration_ms, instant_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
EARLIEST = (datetime(2, 1, 1, tzinfo=UTC) - EPOCH) // MILLISECOND
LATEST = (datetime(9998, 1, 1, tzinfo=UTC) - EPOCH) // MILLISECOND
"""In between datetimes are safe from their ends, the years 1 and 9999."""

ERA = 146_097 * 86_400_000
"""400 years in ms, after which weekdays, leap years and changes of clocks come again; ends are reckoned eras away."""

_PER_ERA = {"d": 146_097, "w": 20_871, "M": 4_800, "y": 400}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STEP = re.compile(r"([+-])([0-9]{1,9})(ms|[smhdwMy])|/(ms|[smhdwMy])")
_VALUE = re.compile(rf"(?:now|(?P<date>[^|]+)(?:\|\||$))(?:{_STEP.pattern})*")
_FIXED = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_CALENDAR = {"d": "days", "w": "weeks", "M": "months", "y": "years"}


def length(duration: str | int) -> int:
    """A duration in ms."""
    return duration if isinstance(duration, int) else duration_ms(duration)


def local(instant: int, zone: ZoneInfo) -> datetime:
    """What local clocks show; at the ends of the calendar whole eras away."""
    return _shown(instant, zone)[0]


def instant_at(shown: datetime, zone: ZoneInfo, fold: int = 0) -> int:
    """The instant at which local clocks show this; fold=0 shifts forward out of a gap and means the first of two."""
    year = _safe_year(shown.year)
    aware = shown.replace(year=year, tzinfo=zone, fold=fold)
    return (aware.astimezone(UTC) - EPOCH) // MILLISECOND + (shown.year - year) // 400 * ERA


def _shown(instant: int, zone: ZoneInfo) -> tuple[datetime, int]:
    """What local clocks show, and how many eras later that is to be understood."""
    eras = 0
    if instant < EARLIEST:
        eras = (instant - EARLIEST) // ERA
    if instant > LATEST:
        eras = -((LATEST - instant) // ERA)
    moment = EPOCH + timedelta(milliseconds=instant - eras * ERA)
    return moment.astimezone(zone).replace(tzinfo=None, fold=0), eras


def _understood(shown: datetime, eras: int, zone: ZoneInfo, fold: int = 0) -> int:
    """The instant at which local clocks show this, so many eras later."""
    year = shown.year + 400 * eras
    safe = _safe_year(year)
    return instant_at(shown.replace(year=safe), zone, fold) + (year - safe) // 400 * ERA


def _safe_year(year: int) -> int:
    """The year, or one whole eras away that no zone carries over the ends of datetimes."""
    if year < 2:
        return 400 + year % 400
    return 9200 + year % 400 if year > 9997 else year


def instant_of(value: Any, zone: ZoneInfo) -> int | None:
    """The instant that a property's value means, a calendar date by its local midnight; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        if _DAY.fullmatch(value):
            return instant_at(datetime.fromisoformat(value), zone)
        return instant_ms(value)
    except (ValueError, OverflowError):
        return None


def is_date_value(text: str) -> bool:
    """Whether it says a date: an instant, a calendar date, or arithmetic from now or from one of them."""
    found = _VALUE.fullmatch(text)
    if found is None:
        return False
    return found["date"] is None or instant_of(found["date"], time_zones.UTC) is not None


@lru_cache(maxsize=100_000)
def span(text: str, now: int, zone: ZoneInfo) -> tuple[int, int]:
    """The instants [start, end) that a date value means."""
    if text.startswith("now"):
        instant = _steps(text[3:], now, zone)
        return instant, instant + 1
    base, _, steps = text.partition("||")
    if _DAY.fullmatch(base) and not re.search(r"(ms|[smh])", steps):
        utc = time_zones.UTC
        first = _steps(steps, instant_at(datetime.fromisoformat(base), utc), utc)
        return _midnight(first, zone), _midnight(first + 86_400_000, zone)
    origin = instant_of(base, zone)
    if origin is None:
        raise ValueError(f"{text!r} is no date")
    instant = _steps(steps, origin, zone)
    return instant, instant + 1


def _midnight(day: int, zone: ZoneInfo) -> int:
    """Where the day that begins at an instant in UTC begins in a zone."""
    return _understood(*_shown(day, time_zones.UTC), zone)


def _steps(steps: str, instant: int, zone: ZoneInfo) -> int:
    for sign, amount, unit, rounded in _STEP.findall(steps):
        if rounded:
            instant = _rounded(instant, rounded, zone)
        elif unit in _FIXED:
            instant += int(sign + amount) * _FIXED[unit]
        else:
            instant = _moved(instant, int(sign + amount), unit, zone)
    return instant


def _moved(instant: int, amount: int, unit: str, zone: ZoneInfo) -> int:
    """By so many units of the calendar, reckoned about the year 2000, from where no rest of an era leads too far."""
    shown, eras = _shown(instant, zone)
    more, rest = divmod(amount, _PER_ERA[unit])
    near = shown.replace(year=2000 + shown.year % 400)
    later = near + relativedelta(**{_CALENDAR[unit]: rest})  # type: ignore[arg-type]  # by name
    return _understood(later, eras + more + (shown.year - near.year) // 400, zone)


def _rounded(instant: int, unit: str, zone: ZoneInfo) -> int:
    shown, eras = _shown(instant, zone)
    if unit in _FIXED:
        beyond = (shown - EPOCH.replace(tzinfo=None)) % (_FIXED[unit] * MILLISECOND)
        return _began(instant, shown - beyond, eras, zone)
    day = shown.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "w":
        day -= timedelta(days=day.weekday())
    if unit in ("M", "y"):
        day = day.replace(day=1)
    if unit == "y":
        day = day.replace(month=1)
    return _understood(day, eras, zone)


def _began(instant: int, shown: datetime, eras: int, zone: ZoneInfo) -> int:
    """The last time up to now that clocks showed the beginning; the present pass of an hour that comes twice."""
    times = (_understood(shown, eras, zone, fold) for fold in (0, 1))
    return max(time for time in times if time <= instant)


def date_holds(name: str, x: Any, instant: int, now: int, zone: ZoneInfo) -> bool:
    """Whether an operator on dates holds of an instant."""
    if name == "within_last":
        return now - length(x) < instant <= now
    if name == "within_next":
        return now < instant <= now + length(x)
    if name == "older_than":
        return instant + length(x) <= now
    if name == "anniversary_within":
        return _anniversary(instant, now, length(x) // 86_400_000, zone)
    if name == "in":
        return any(date_holds("eq", one, instant, now, zone) for one in x)
    if name == "between":
        return span(x[0], now, zone)[0] <= instant < span(x[1], now, zone)[1]
    start, end = span(x, now, zone)
    return {
        "eq": start <= instant < end,
        "gt": instant >= end,
        "after": instant >= end,
        "gte": instant >= start,
        "lt": instant < start,
        "before": instant < start,
        "lte": instant < end,
    }[name]


def _anniversary(instant: int, now: int, days: int, zone: ZoneInfo) -> bool:
    born, today = local(instant, zone).date(), local(now, zone).date()
    for ahead in range(min(days, 366) + 1):
        day = today + timedelta(days=ahead)
        leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
        clamped = (born.month, born.day) == (2, 29) and not leap
        if (day.month, day.day) == ((2, 28) if clamped else (born.month, born.day)):
            return True
    return False
