"""Reads the times of access logs: as servers write them, as ISO 8601, or as Unix time."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from schemas.events.base import EARLIEST, LATEST
from schemas.values import instant_ms

_SERVER_TIME = re.compile(
    r"([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2}):?([0-9]{2})"
)
_ISO_START = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")
_ZONE_WITHOUT_COLON = re.compile(r"([+-][0-9]{2})([0-9]{2})$")
_UNIX_TIME = re.compile(r"[0-9]{1,19}(?:\.[0-9]{1,9})?")
# Logs use English names, whatever the locale of the machine that reads them.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
# A Unix time's unit follows from its size: in seconds, the year 5138 is the first that has twelve digits.
_UNIX_UNITS = ((Decimal(10) ** 11, 1_000), (Decimal(10) ** 14, 1), (Decimal(10) ** 17, Decimal("0.001")))
_NANOSECONDS = Decimal("0.000001")


def parse_time(value: object) -> int:
    """Returns the instant (ms) of a log's time, cut to milliseconds.

    Text is a server's time (`17/May/2015:10:05:03 +0000`), RFC 3339 or Unix time; a number is Unix time in seconds,
    or in milli-, micro- or nanoseconds where it is as large as that. Raises ValueError.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        instant = _parse_unix_time(repr(value))
    elif not isinstance(value, str):
        raise ValueError(f"{str(value)[:40]!r} is not a time")  # noqa: TRY004 - a value, no type of ours
    elif "/" in value:
        instant = _parse_server_time(value)
    elif _ISO_START.match(value):
        instant = _parse_iso_time(value)
    else:
        instant = _parse_unix_time(value)
    # A worker refuses such an event, and the clock must not follow it.
    if not EARLIEST <= instant < LATEST:
        raise ValueError(f"the time {str(value)[:40]!r} is not between the years 1900 and 2999")
    return instant


def _parse_server_time(text: str) -> int:
    match = _SERVER_TIME.fullmatch(text)
    if match is None or match[1][3:6] not in _MONTHS:
        raise _not_a_time(text)
    day, hour_text, minute_text, second_text, sign, zone_hours, zone_minutes = match.groups()
    hour, minute, second = int(hour_text), int(minute_text), int(second_text)
    # A leap second is the first of the next minute, as in Unix time.
    if hour > 23 or minute > 59 or second > 60 or zone_hours > "23" or zone_minutes > "59":
        raise _impossible(text)
    offset = int(zone_hours) * 60 + int(zone_minutes)
    seconds = (hour * 60 + minute - (offset if sign == "+" else -offset)) * 60 + second
    try:
        return _day_ms(day) + seconds * 1_000
    except ValueError as error:
        raise _impossible(text) from error


@lru_cache(maxsize=1_024)
def _day_ms(text: str) -> int:
    """The first instant (ms, UTC) of a day such as `17/May/2015`. Raises ValueError."""
    month = _MONTHS.index(text[3:6]) + 1
    return (date(int(text[7:]), month, int(text[:2])).toordinal() - _EPOCH_ORDINAL) * _DAY_MS


def _parse_iso_time(text: str) -> int:
    try:
        return instant_ms(_ZONE_WITHOUT_COLON.sub(r"\1:\2", text.replace(",", ".")))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is not a time such as 2015-05-17T10:05:03Z that exists") from error


def _parse_unix_time(text: str) -> int:
    if _UNIX_TIME.fullmatch(text) is None:
        raise _not_a_time(text)
    number = Decimal(text)
    unit = next((unit for limit, unit in _UNIX_UNITS if number < limit), _NANOSECONDS)
    return int(number * unit)


def _not_a_time(text: str) -> ValueError:
    return ValueError(f"{text[:40]!r} is not a time such as 17/May/2015:10:05:03 +0000")


def _impossible(text: str) -> ValueError:
    return ValueError(f"the time {text[:40]!r} does not exist")
