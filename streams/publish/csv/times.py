"""Reads dates and times: RFC 3339, calendar dates, the formats that were named, and Unix times.

A time without an offset is one of the zone that was named. As everywhere (SPEC section 5) a local time that a change
of clocks leaves out shifts forward, and a doubled one is the first of the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from schemas.time_zones import find_zone, zone_names
from schemas.values import instant_ms, instant_text, is_day
from streams.engine.conditions.dates.zones import day_start, instant_from_wall
from streams.errors import UsageError
from streams.hints import describe_value

UNIX_SECONDS = "unix"
UNIX_MILLISECONDS = "unix-ms"

_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_KNOWN_DIRECTIVES = frozenset("YymdjbBaAHIMSfpz%")
_TIME_DIRECTIVES = frozenset("HIMSfpz")
# Also with an offset as databases and the APIs of CRMs write it: 2026-03-01 09:30:00+00, ... +0100, ... UTC.
_ISO_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?: ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?", re.ASCII
)
_UNIX_TIME = re.compile(r"-?\d{1,18}(?:\.\d{1,9})?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - what local clocks show has no zone
_MILLISECOND = timedelta(milliseconds=1)

_INSTANT = "an RFC 3339 instant such as 2026-03-01T09:30:00Z"

# What a hint may say: the usual forms of spreadsheets and CRMs.
_USUAL_DAYS = (
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%y", "%d/%m/%y"),
    *("%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%Y-%m-%d"),
    "%Y%m%d",
)
_USUAL_TIMES = tuple(
    between + clock for between in (" ", ", ") for clock in ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
)
_MAX_TIME_LENGTH = 40
_DIGIT = re.compile("[0-9]")
_LETTER = re.compile(r"[^\W\d_]")
_SHAPES = {**dict.fromkeys("dmHIMS", "00?"), "Y": "0000", "y": "00", "b": "aaa", "B": "a+", "p": "aa"}
"""Directive of a usual format -> its texts, with 0 for digits and a for letters."""
_ZONE_BEHIND = re.compile(
    r"(?P<time>[0-9T:. -]{10,40}) (?P<name>(?![AaPp][Mm]$)[A-Za-z]{2,5}|[A-Za-z_]{1,20}(?:/[A-Za-z_]{1,20})+)"
)
_MICROSECONDS = re.compile(r"[0-9]{16}")
_DAY_WITH_MONTH_NAME = re.compile(r"[0-9]{1,2}\.? [^\W\d_]{3,}\.?,? [0-9]{4}")


def require_date_format(text: str) -> str:
    """Returns a format as `strptime` has it, `unix` or `unix-ms`. Raises UsageError."""
    if text in (UNIX_SECONDS, UNIX_MILLISECONDS):
        return text
    directives = _DIRECTIVE.findall(text)
    unknown = [f"%{letter}" for letter in directives if letter not in _KNOWN_DIRECTIVES or not letter]
    if unknown:
        raise UsageError(
            f"--date-format: {unknown[0]} is unknown; a format is like %d.%m.%Y %H:%M, or unix, or unix-ms"
        )
    has_day = "j" in directives or ("d" in directives and bool({"m", "b", "B"} & {*directives}))
    if not has_day or not {"Y", "y"} & {*directives}:
        raise UsageError(
            f"--date-format: {text!r} names no day; a format is like %d.%m.%Y %H:%M, or unix, or unix-ms"
        )
    return text


def require_named_zone(name: str) -> ZoneInfo:
    """Returns the zone of that name. Raises UsageError."""
    zone = find_zone(name)
    if zone is None:
        meant = _near_zone(name)
        hint = f" - did you mean {meant}?" if meant else "; zones are named as Europe/Berlin or UTC"
        raise UsageError(f"--zone: {name!r} is no time zone{hint}")
    return zone


def _near_zone(name: str) -> str | None:
    """Returns the zone of a place that is nearly named so; none of `Etc`, whose signs are the other way round."""
    folded = {zone.casefold(): zone for zone in sorted(zone_names()) if "/" in zone and not zone.startswith("Etc/")}
    by_city = {zone.rpartition("/")[2]: zone for zone in reversed(folded)}
    word = name.strip().casefold().replace(" ", "_")
    word = by_city.get(word, word)
    close = get_close_matches(word, list(folded), n=1, cutoff=0.85)
    return folded[close[0]] if close else None


class TimeReader:
    """Reads cells by formats (of `require_date_format`) and a zone; all that fit a cell have to mean the same."""

    def __init__(self, formats: Iterable[str] = (), zone: ZoneInfo | None = None) -> None:
        self._formats = tuple(formats)
        self._zone = zone

    def read_instant(self, text: str) -> str:
        """Returns an instant as RFC 3339, a day as its midnight in the zone. Raises ValueError with what to type."""
        moment = self._read(text)
        if isinstance(moment, str):
            return moment
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            return instant_text((moment - _EPOCH) // _MILLISECOND)
        if self._zone is None:
            raise ValueError(
                f"{text!r} does not say its offset; name its zone, such as --zone Europe/Berlin or --zone UTC"
            )
        if isinstance(moment, datetime):
            return instant_text(instant_from_wall(self._zone, (moment - _LOCAL_EPOCH) // _MILLISECOND))
        return instant_text(day_start(self._zone, moment.toordinal()))

    def read_datetime(self, text: str) -> str:
        """Returns an instant as RFC 3339; a day stays a day without a zone. Raises ValueError with what to type."""
        moment = self._read(text)
        if self._zone is None and isinstance(moment, date) and not isinstance(moment, datetime):
            return moment.isoformat()
        return self.read_instant(text)

    def read_date(self, text: str) -> str:
        """Returns a calendar date; a time is one where it is a midnight. Raises ValueError with what to type."""
        moment = self._read(text, "a date such as 2026-03-31")
        if isinstance(moment, str):
            moment = _EPOCH + timedelta(milliseconds=instant_ms(moment))
        if not isinstance(moment, datetime):
            return moment.isoformat()
        if moment.tzinfo is UTC and self._zone is not None:
            moment = moment.astimezone(self._zone)
        if moment.time() != time():
            raise ValueError(f"{describe_value(text)} has a time of the day, and a date is a day alone")
        return moment.date().isoformat()

    def _read(self, text: str, wanted: str = _INSTANT) -> date | datetime | str:
        """Returns a day, a time with or without its offset, or RFC 3339 as it is. Raises ValueError."""
        if not self._formats and _is_instant(text):  # most cells are
            return text
        moments = {moment: format_ for format_ in self._formats if (moment := _read_by(text, format_)) is not None}
        if len(moments) > 1:
            formats = " than by ".join(map(repr, moments.values()))
            raise ValueError(f"{describe_value(text)} is another day by --date-format {formats}")
        if moments:
            return next(iter(moments))
        if is_day(text):
            return date.fromisoformat(text)
        if _is_instant(text):
            return text
        moment = _read_iso_time(text)
        if moment is None:
            raise ValueError(f"{describe_value(text)} is not {wanted}{self._hint(text)}")
        return moment

    def _hint(self, text: str) -> str:
        known = f", nor does it fit --date-format {' or '.join(map(repr, self._formats))}" if self._formats else ""
        if not known and re.fullmatch(r"[0-9]{5}(?:[.,][0-9]+)?", text):
            return "; if it is a day number of Excel, give the column the format of a date and save again"
        zone = _ZONE_BEHIND.fullmatch(text)
        if zone is not None and _read_iso_time(zone["time"]) is not None:
            return f"{known}; leave the zone {zone['name']!r} out of the cells and give it as --zone"
        if _MICROSECONDS.fullmatch(text):
            return (
                f"{known}; if it counts microseconds, leave out the last three digits and give --date-format unix-ms"
            )
        if (
            not known
            and _DAY_WITH_MONTH_NAME.fullmatch(text)
            and not any(_read_by(text, each) for each in _usual_formats(text))
        ):
            return "; months are read by English names; write them as numbers"
        meant = [repr(format_) for format_ in _usual_formats(text) if _is_plausible(_read_by(text, format_))]
        return f"{known}; is --date-format {' or --date-format '.join(meant)} meant?" if meant else known


def _usual_formats(text: str) -> Iterator[str]:
    """Yields the formats that the text may be of, by its digits, letters and signs."""
    if len(text) <= _MAX_TIME_LENGTH:
        yield from _formats_of_shape(_LETTER.sub("a", _DIGIT.sub("0", text)))
        yield from (UNIX_SECONDS, UNIX_MILLISECONDS)


@lru_cache(maxsize=1_024)
def _formats_of_shape(shape: str) -> tuple[str, ...]:
    """Returns the usual formats whose texts have that shape; to try each of them on each cell takes long."""
    formats = [day + clock for day in _USUAL_DAYS for clock in ("", *_USUAL_TIMES)]
    return tuple(format_ for format_ in formats if _shape_pattern(format_).fullmatch(shape))


@cache
def _shape_pattern(format_: str) -> re.Pattern[str]:
    return re.compile(_DIRECTIVE.sub(lambda match: _SHAPES[match[1]], re.escape(format_)))


def _read_iso_time(text: str) -> datetime | None:
    """Returns a time of ISO 8601, with its offset where it says one; None for another text."""
    match = _ISO_TIME.fullmatch(text)
    if match is None:
        return None
    day, clock, offset = match.groups(default="")
    try:
        return datetime.fromisoformat(f"{day}T{clock}{'Z' if offset in ('UTC', 'GMT') else offset}")
    except ValueError:  # a time that no clock shows, such as 25:00
        return None


def _is_instant(text: str) -> bool:
    try:
        instant_ms(text)
    except ValueError:
        return False
    return True


def _is_plausible(moment: date | None) -> bool:
    """Whether a guess may be right: seconds read as milliseconds are in 1970, the other way round far ahead."""
    return moment is not None and 1910 <= moment.year <= 2100 and moment.year != 1970


def _read_by(text: str, format_: str) -> date | datetime | None:
    """Returns the day or the time by one format; None where the text does not fit or is beyond the calendar."""
    if format_ in (UNIX_SECONDS, UNIX_MILLISECONDS):
        return _read_unix(text, format_)
    try:
        moment = datetime.strptime(text, format_)  # noqa: DTZ007 - its zone is the one that was named
    except ValueError:
        return None
    return moment if _TIME_DIRECTIVES & {*_DIRECTIVE.findall(format_)} else moment.date()


def _read_unix(text: str, format_: str) -> datetime | None:
    if not _UNIX_TIME.fullmatch(text):
        return None
    whole, _, fraction = text.removeprefix("-").partition(".")
    milliseconds = int(whole) * 1_000 + int(fraction[:3].ljust(3, "0")) if format_ == UNIX_SECONDS else int(whole)
    try:
        return _EPOCH + timedelta(milliseconds=-milliseconds if text.startswith("-") else milliseconds)
    except OverflowError:
        return None
