"""The basic values of definitions and events: slugs, durations, instants (SPEC sections 1 and 5)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

MILLION = 1_000_000
_SHORT = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_ISO = re.compile(
    r"P(?:(N)W)?(?:(N)D)?(?:T(?=[0-9])(?:(N)H)?(?:(N)M)?(?:(N)S)?)?".replace("N", r"[0-9]+(?:[.,][0-9]{1,12})?")
)
_UNITS = (604_800_000, 86_400_000, 3_600_000, 60_000, 1_000)
_MAX_TEXT_LENGTH = 100
_MAX_DURATION_MS = 100_000_000 * 86_400_000  # sums with an instant stay within 64 bits
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_MINUTE_MS = 60_000
_MINUTE_TEXTS = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(1_440))


def duration_ms(text: str) -> int:
    """Returns a duration in ms: `90s 30m 12h 7d 2w`, combined (`1d12h`), or ISO 8601 in weeks to seconds.

    The length is fixed: `1d` is 24 hours (SPEC section 5). In ISO 8601 the smallest unit may have a fraction, as in
    `PT1.5H`, if the result is in whole milliseconds. Raises ValueError.
    """
    match = (_SHORT.fullmatch(text) or _ISO.fullmatch(text)) if len(text) <= _MAX_TEXT_LENGTH else None
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is not a duration; write 90s, 30m, 12h, 7d, 2w or ISO 8601 as PT36H")
    parts = [(number.replace(",", "."), unit) for number, unit in zip(match.groups(), _UNITS, strict=True) if number]
    if any("." in number for number, _ in parts[:-1]):
        raise ValueError(f"{text!r} has a fraction too early; only the smallest unit takes one, as in PT1.5H")
    length = sum(Fraction(number) * unit for number, unit in parts)
    if length > _MAX_DURATION_MS:
        raise ValueError(f"{text!r} is too long; a duration is at most {_MAX_DURATION_MS // _UNITS[1]} days")
    if length.denominator != 1:
        raise ValueError(f"{text!r} comes out as no whole milliseconds; write it in a smaller unit, as PT0.5S")
    return int(length)


_MINUTES = {text: minute * _MINUTE_MS for minute, text in enumerate(_MINUTE_TEXTS)}
_SECONDS = {f":{second:02}": second * 1_000 for second in range(60)}
_UTC_FRACTIONS = {"Z": 0} | {f".{milliseconds:03}Z": milliseconds for milliseconds in range(1_000)}


def instant_ms(text: str) -> int:
    """Returns an RFC 3339 instant in ms since the epoch, cut to milliseconds. Raises ValueError."""
    # Every event has an instant, mostly in this form: read by its parts it takes a fifth of the time.
    try:
        return _day_ms(text[:11]) + _MINUTES[text[11:16]] + _SECONDS[text[16:19]] + _UTC_FRACTIONS[text[19:]]
    except (KeyError, ValueError):
        pass
    return _any_instant_ms(text)


@lru_cache(maxsize=4_096)
def _day_ms(day: str) -> int:
    """The first instant of a date with its `T`, in UTC."""
    return _any_instant_ms(f"{day}00:00:00Z")


def _any_instant_ms(text: str) -> int:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 instant such as 2026-03-01T09:30:00Z")
    day, clock, fraction, zone = match.groups()
    leap = clock.endswith(":60")  # RFC 3339 allows a leap second; in POSIX time it is the next second
    whole = clock[:-2] + "59" if leap else clock
    moment = datetime.fromisoformat(f"{day}T{whole}{zone.upper().replace('Z', '+00:00')}")
    base = (moment - _EPOCH) // _MILLISECOND + (1_000 if leap else 0)
    return base + int((fraction or "0")[:3].ljust(3, "0"))


def is_day(text: str) -> bool:
    """Whether the text is a calendar date that exists."""
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1_024)
def to_millionths(points: float) -> int:
    """Points as whole millionths, rounded half-even; a float counts as its shortest decimal form."""
    if points == int(points):
        return int(points) * MILLION
    return int((Decimal(repr(points)) * MILLION).to_integral_value(ROUND_HALF_EVEN))


def points_from_millionths(millionths: int) -> int | float:
    """Points as outputs have them: an int where they are whole."""
    whole, rest = divmod(millionths, MILLION)
    return whole if rest == 0 else millionths / MILLION


@lru_cache(maxsize=1_024)
def instant_text(ms: int) -> str:
    """Returns an instant (ms since the epoch) as RFC 3339 text in UTC with milliseconds, the form of every output.

    Raises ValueError or OverflowError outside of the years 1 to 9999.
    """
    # Every output has some instants, often the same ones: formatting a datetime takes several times as long.
    day, rest = divmod(ms, _DAY_MS)
    minute, rest = divmod(rest, _MINUTE_MS)
    digits = str(rest + 100_000)  # 1, the seconds in two digits, the milliseconds in three
    return f"{_day_text(day)}T{_MINUTE_TEXTS[minute]}:{digits[1:3]}.{digits[3:]}Z"


@lru_cache(maxsize=4_096)
def _day_text(day: int) -> str:
    """The date that many days after the epoch."""
    return date.fromordinal(_EPOCH_ORDINAL + day).isoformat()


def _reject_control_characters(text: str) -> str:
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise ValueError("control characters are not allowed")
    return text


def _parse_duration(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a duration is text such as 7d, 12h or PT36H")  # noqa: TRY004 - pydantic wants ValueError
    return duration_ms(value)


def _parse_instant(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("an instant is RFC 3339 text such as 2026-03-01T09:30:00Z")  # noqa: TRY004
    return instant_ms(value)


def normalize_contact_id(text: str) -> str:
    """Returns a contact's id without blanks around it and in lower case, for deployments that write ids so."""
    return text.strip().lower()


Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
"""The id of an account, segment, campaign or rule: letters, digits, `-`, `_`."""

ContactId = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_reject_control_characters)]
"""The id of a contact: 1 to 255 characters without control characters."""

Duration = Annotated[int, BeforeValidator(_parse_duration, json_schema_input_type=str)]
"""Milliseconds, written as text."""

_DateTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]

Instant = Annotated[int, BeforeValidator(_parse_instant, json_schema_input_type=_DateTime)]
"""Milliseconds since the epoch, written as RFC 3339 text."""


MAX_POINTS = 1_000_000_000

Points = Annotated[float, Field(ge=-MAX_POINTS, le=MAX_POINTS, allow_inf_nan=False)]
"""Points of one change, positive or negative; stored in millionths."""


def _list_to_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


AsTuple = BeforeValidator(_list_to_tuple)
"""Turns a list into a tuple, so that values are immutable; everything else stays strict."""

Day = Annotated[date, Field(strict=False)]
"""A calendar date, written as text."""

NO_CURRENCY = "XXX"
"""ISO 4217's code for no currency, used when the CRM has none."""
