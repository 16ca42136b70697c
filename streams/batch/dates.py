"""Dates and date arithmetic in a time zone (SPEC section 5). A local time that does not exist shifts forward."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from schemas.values import duration_ms, instant_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = (datetime(2, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
LATEST = (datetime(9998, 12, 31, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
"""Calendars are reckoned with in between; whatever lies outside is moved to the end it lies at."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIXED = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_CALENDAR = {"d": "days", "w": "weeks", "M": "months", "y": "years"}


def length(duration: str | int) -> int:
    """A duration in ms."""
    return duration if isinstance(duration, int) else duration_ms(duration)


def local(instant: int, zone: ZoneInfo) -> datetime:
    """What local clocks show."""
    within = min(max(instant, EARLIEST), LATEST)
    return (EPOCH + timedelta(milliseconds=within)).astimezone(zone).replace(tzinfo=None, fold=0)


def instant_at(shown: datetime, zone: ZoneInfo) -> int:
    """The instant at which local clocks show this; fold=0 shifts forward out of a gap and means the first of two."""
    return (shown.replace(tzinfo=zone).astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)


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


@lru_cache(maxsize=100_000)
def span(text: str, now: int, zone: ZoneInfo) -> tuple[int, int]:
    """The instants [start, end) that a date value means."""
    if text.startswith("now"):
        instant = _steps(text[3:], now, zone)
        return instant, instant + 1
    base, _, steps = text.partition("||")
    if _DAY.fullmatch(base) and not re.search(r"(ms|[smh])", steps):
        utc = ZoneInfo("UTC")
        first = local(_steps(steps, instant_at(datetime.fromisoformat(base), utc), utc), utc)
        return instant_at(first, zone), instant_at(first + timedelta(days=1), zone)
    origin = instant_of(base, zone)
    if origin is None:
        raise ValueError(f"{text!r} is no date")
    instant = _steps(steps, origin, zone)
    return instant, instant + 1


def _steps(steps: str, instant: int, zone: ZoneInfo) -> int:
    for sign, amount, unit, rounded in re.findall(r"([+-])(\d+)(ms|[smhdwMy])|/(ms|[smhdwMy])", steps):
        if rounded:
            instant = _rounded(instant, rounded, zone)
        elif unit in _FIXED:
            instant += int(sign + amount) * _FIXED[unit]
        else:
            instant = _moved(instant, int(sign + amount), unit, zone)
    return instant


def _moved(instant: int, amount: int, unit: str, zone: ZoneInfo) -> int:
    try:
        shown = local(instant, zone) + relativedelta(**{_CALENDAR[unit]: amount})  # type: ignore[arg-type]  # by name
        return instant_at(shown, zone)
    except (ValueError, OverflowError):  # beyond the years that there are
        return EARLIEST if amount < 0 else LATEST


def _rounded(instant: int, unit: str, zone: ZoneInfo) -> int:
    shown = local(instant, zone)
    if unit in _FIXED:
        offset = instant_at(shown, ZoneInfo("UTC")) - instant
        return (instant + offset) // _FIXED[unit] * _FIXED[unit] - offset
    day = shown.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "w":
        day -= timedelta(days=day.weekday())
    if unit in ("M", "y"):
        day = day.replace(day=1)
    if unit == "y":
        day = day.replace(month=1)
    return instant_at(day, zone)


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
