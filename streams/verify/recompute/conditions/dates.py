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
"""Between these years a datetime cannot leave the range of years 1 to 9999."""

ERA = 146_097 * 86_400_000
"""400 years in ms: then weekdays, leap years and clock changes repeat, so far dates are computed whole eras away."""

_DAY_MS = 86_400_000
_PER_ERA = {"d": 146_097, "w": 20_871, "M": 4_800, "y": 400}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STEP = re.compile(r"([+-])([0-9]{1,9})(ms|[smhdwMy])|/(ms|[smhdwMy])")
_VALUE = re.compile(rf"(?:now|(?P<date>[^|]+)(?:\|\||$))(?:{_STEP.pattern})*")
_FIXED = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_CALENDAR = {"d": "days", "w": "weeks", "M": "months", "y": "years"}


@lru_cache(maxsize=10_000)
def to_ms(duration: str | int) -> int:
    """A duration in ms."""
    return duration if isinstance(duration, int) else duration_ms(duration)


def to_local(instant: int, zone: ZoneInfo) -> datetime:
    """The local date and time; at the ends of the calendar it is whole eras away."""
    return _to_local_with_eras(instant, zone)[0]


def instant_from_local(local_time: datetime, zone: ZoneInfo, fold: int = 0) -> int:
    """The instant (ms) of a local time; fold=0 shifts forward out of a gap and takes the first of a doubled time."""
    year = _safe_year(local_time.year)
    aware = local_time.replace(year=year, tzinfo=zone, fold=fold)
    return (aware.astimezone(UTC) - EPOCH) // MILLISECOND + (local_time.year - year) // 400 * ERA


def _to_local_with_eras(instant: int, zone: ZoneInfo) -> tuple[datetime, int]:
    """The local date and time, and the number of eras to add to it."""
    eras = 0
    if instant < EARLIEST:
        eras = (instant - EARLIEST) // ERA
    if instant > LATEST:
        eras = -((LATEST - instant) // ERA)
    local = EPOCH + timedelta(milliseconds=instant - eras * ERA)
    return local.astimezone(zone).replace(tzinfo=None, fold=0), eras


def _from_local_with_eras(local_time: datetime, eras: int, zone: ZoneInfo, fold: int = 0) -> int:
    """The instant (ms) of a local time, `eras` later."""
    year = local_time.year + 400 * eras
    safe = _safe_year(year)
    return instant_from_local(local_time.replace(year=safe), zone, fold) + (year - safe) // 400 * ERA


def _safe_year(year: int) -> int:
    """The year, or one whole eras away that no zone can shift out of the range of datetime."""
    if year < 2:
        return 400 + year % 400
    return 9200 + year % 400 if year > 9997 else year


def parse_instant(value: Any, zone: ZoneInfo) -> int | None:
    """The instant (ms) of a property's value, for a calendar date its local midnight; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        if _DAY.fullmatch(value):
            return instant_from_local(datetime.fromisoformat(value), zone)
        return instant_ms(value)
    except (ValueError, OverflowError):
        return None


def is_day(value: Any) -> bool:
    """Whether a value is the text of a calendar date that exists."""
    return isinstance(value, str) and bool(_DAY.fullmatch(value)) and parse_instant(value, time_zones.UTC) is not None


def is_date_value(text: str) -> bool:
    """Whether a text is a date value: an instant, a calendar date, or date arithmetic."""
    match = _VALUE.fullmatch(text)
    if match is None:
        return False
    return match["date"] is None or parse_instant(match["date"], time_zones.UTC) is not None


@lru_cache(maxsize=100_000)
def date_span(text: str, now: int, zone: ZoneInfo) -> tuple[int, int]:
    """The instants [start, end) that a date value means."""
    if text.startswith("now"):
        instant = _apply_steps(text[3:], now, zone)
        return instant, instant + 1
    first = _whole_day(text)
    if first is not None:
        return _midnight(first, zone), _midnight(first + _DAY_MS, zone)
    base, _, steps = text.partition("||")
    origin = parse_instant(base, zone)
    if origin is None:
        raise ValueError(f"{text!r} is no date")
    instant = _apply_steps(steps, origin, zone)
    return instant, instant + 1


def _whole_day(text: str) -> int | None:
    """The beginning in UTC (ms) of the calendar date that a date value means; None when it means an instant."""
    base, _, steps = text.partition("||")
    if not _DAY.fullmatch(base) or re.search(r"(ms|[smh])", steps):
        return None
    utc = time_zones.UTC
    return _apply_steps(steps, instant_from_local(datetime.fromisoformat(base), utc), utc)


def day_span(day: str, zone: ZoneInfo) -> tuple[int, int]:
    """The instants [start, end) of a calendar date."""
    return date_span(day, 0, zone)


def _midnight(day: int, zone: ZoneInfo) -> int:
    """The local midnight (ms) of the day that begins at `day` in UTC."""
    return _from_local_with_eras(*_to_local_with_eras(day, time_zones.UTC), zone)


def _apply_steps(steps: str, instant: int, zone: ZoneInfo) -> int:
    for sign, amount, unit, rounded in _STEP.findall(steps):
        if rounded:
            instant = _round_down(instant, rounded, zone)
        elif unit in _FIXED:
            instant += int(sign + amount) * _FIXED[unit]
        else:
            instant = _shift(instant, int(sign + amount), unit, zone)
    return instant


def _shift(instant: int, amount: int, unit: str, zone: ZoneInfo) -> int:
    """Shifts by calendar units. The rest of an era is computed near the year 2000, where no overflow is possible."""
    shown, eras = _to_local_with_eras(instant, zone)
    more, rest = divmod(amount, _PER_ERA[unit])
    near = shown.replace(year=2000 + shown.year % 400)
    later = near + relativedelta(**{_CALENDAR[unit]: rest})  # type: ignore[arg-type]  # by name
    return _from_local_with_eras(later, eras + more + (shown.year - near.year) // 400, zone)


def _round_down(instant: int, unit: str, zone: ZoneInfo) -> int:
    shown, eras = _to_local_with_eras(instant, zone)
    if unit in _FIXED:
        beyond = (shown - EPOCH.replace(tzinfo=None)) % (_FIXED[unit] * MILLISECOND)
        return _last_unit_start(instant, shown - beyond, eras, zone)
    day = shown.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "w":
        day -= timedelta(days=day.weekday())
    if unit in ("M", "y"):
        day = day.replace(day=1)
    if unit == "y":
        day = day.replace(month=1)
    return _from_local_with_eras(day, eras, zone)


def _last_unit_start(instant: int, local_time: datetime, eras: int, zone: ZoneInfo) -> int:
    """The last instant up to now at which the unit began; in a doubled hour, the pass that is running."""
    times = (_from_local_with_eras(local_time, eras, zone, fold) for fold in (0, 1))
    return max(time for time in times if time <= instant)


def date_holds(name: str, operand: Any, instant: int, now: int, zone: ZoneInfo) -> bool:
    """Whether an operator on dates holds for an instant."""
    if name == "within_last":
        return now - to_ms(operand) < instant <= now
    if name == "within_next":
        return now < instant <= now + to_ms(operand)
    if name == "older_than":
        return instant + to_ms(operand) <= now
    if name == "anniversary_within":
        return _has_anniversary(instant, now, to_ms(operand) // 86_400_000, zone)
    if name == "in":
        return any(date_holds("eq", one, instant, now, zone) for one in operand)
    if name == "between":
        return date_span(operand[0], now, zone)[0] <= instant < date_span(operand[1], now, zone)[1]
    start, end = date_span(operand, now, zone)
    return {
        "eq": start <= instant < end,
        "gt": instant >= end,
        "after": instant >= end,
        "gte": instant >= start,
        "lt": instant < start,
        "before": instant < start,
        "lte": instant < end,
    }[name]


def day_holds(name: str, operand: Any, day: str, now: int, zone: ZoneInfo) -> bool:
    """Whether an operator holds for a calendar date: an instant set against it is the day in which it lies."""
    if name == "in":
        return any(day_holds("eq", one, day, now, zone) for one in operand)
    if name == "between":
        return _order_of_days(day, operand[0], now, zone) >= 0 >= _order_of_days(day, operand[1], now, zone)
    order = _order_of_days(day, operand, now, zone)
    return {
        "eq": order == 0,
        "gt": order > 0,
        "after": order > 0,
        "gte": order >= 0,
        "lt": order < 0,
        "before": order < 0,
        "lte": order <= 0,
    }[name]


def _order_of_days(day: str, operand: str, now: int, zone: ZoneInfo) -> int:
    """-1, 0 or 1: the calendar date lies before, on or after the day of the operand."""
    other = _whole_day(operand)
    if other is not None:
        own = instant_from_local(datetime.fromisoformat(day), time_zones.UTC)
        return (own > other) - (own < other)
    instant, (start, end) = date_span(operand, now, zone)[0], day_span(day, zone)
    return (start > instant) - (end <= instant)


def _has_anniversary(instant: int, now: int, days: int, zone: ZoneInfo) -> bool:
    born, today = to_local(instant, zone).date(), to_local(now, zone).date()
    for ahead in range(min(days, 366) + 1):
        day = today + timedelta(days=ahead)
        leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
        clamped = (born.month, born.day) == (2, 29) and not leap
        if (day.month, day.day) == ((2, 28) if clamped else (born.month, born.day)):
            return True
    return False
