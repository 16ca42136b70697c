"""Local time: instants (ms since the epoch), calendar days (proleptic ordinals as in `date.toordinal`) and zones.

Two rules of SPEC section 5 are implemented here: a local time that a clock change leaves out shifts forward, and a
doubled local time means the first of the two. Both are what `fold=0` means in Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.time_zones import find_zone
from streams.engine.conditions.dates.calendar_days import CYCLE_DAYS
from streams.engine.state.contact import Contact

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clocks have no zone
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = _EPOCH.toordinal()
_MILLISECOND = timedelta(milliseconds=1)

# `datetime` ends at the years 1 and 9999; one year at both ends leaves room for offsets.
_EARLIEST = (datetime(2, 1, 1) - _EPOCH) // _MILLISECOND  # noqa: DTZ001
_LATEST = (datetime(9998, 12, 31) - _EPOCH) // _MILLISECOND  # noqa: DTZ001
_CYCLE = CYCLE_DAYS * DAY


class Zones(NamedTuple):
    """The two zones that a leaf on dates may use."""

    account: ZoneInfo
    contact: ZoneInfo
    """The account's zone when the contact has no valid one."""

    def named(self, *, is_contact: bool) -> ZoneInfo:
        """Returns the zone that a leaf names with `in_zone`."""
        return self.contact if is_contact else self.account


class ZoneRule:
    """Decides which zone a leaf uses: the account's, or the contact's if that is valid."""

    __slots__ = ("account_zone", "uses_contact_zone")

    def __init__(self, account_zone: ZoneInfo, *, uses_contact_zone: bool) -> None:
        self.account_zone = account_zone
        self.uses_contact_zone = uses_contact_zone

    def zone_for(self, contact: Contact) -> ZoneInfo:
        """Returns the zone for this contact."""
        if self.uses_contact_zone:
            name = contact.properties.get("time_zone")
            if isinstance(name, str):
                return find_zone(name) or self.account_zone
        return self.account_zone


def _to_supported_range(ms: int) -> int:
    """Returns `ms`, or an equal instant whole 400-year cycles nearer: there clock rules and weekdays are the same."""
    if ms < _EARLIEST:
        return _EARLIEST + (ms - _EARLIEST) % _CYCLE
    return ms if ms <= _LATEST else _LATEST - (_LATEST - ms) % _CYCLE


def utc_offset_at(zone: ZoneInfo, instant: int) -> int:
    """Returns how far local time is ahead of UTC at an instant, in ms."""
    offset = _utc_offset_of_day(zone, instant // DAY)
    return _utc_offset(zone, instant) if offset is None else offset


def _utc_offset(zone: ZoneInfo, instant: int) -> int:
    moment = _EPOCH_UTC + timedelta(milliseconds=_to_supported_range(instant))
    offset = moment.astimezone(zone).utcoffset()
    return 0 if offset is None else offset // _MILLISECOND


@lru_cache(maxsize=16_384)
def _utc_offset_of_day(zone: ZoneInfo, day: int) -> int | None:
    """Returns the offset on a day of UTC (counted from the epoch); None when clocks change on that day."""
    first, last = _utc_offset(zone, day * DAY - 1), _utc_offset(zone, (day + 1) * DAY - 1)
    return first if first == last else None


def wall_at(zone: ZoneInfo, instant: int) -> int:
    """Returns what local clocks show at an instant, as ms since 1970-01-01T00:00 on those clocks."""
    return instant + utc_offset_at(zone, instant)


def instant_from_wall(zone: ZoneInfo, wall: int) -> int:
    """Returns the instant at which clocks show `wall`; shifted forward in a gap, the first in a doubled hour."""
    if wall % DAY == 0:
        return day_start(zone, wall // DAY + EPOCH_ORDINAL)
    return _resolve_wall(zone, wall)


def last_instant_of_wall(zone: ZoneInfo, wall: int, instant: int) -> int:
    """Returns the last instant up to `instant` at which local clocks show `wall`; shifted forward in a gap."""
    local_time = _EPOCH + timedelta(milliseconds=_to_supported_range(wall))
    offsets = (zone.utcoffset(local_time.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    instants = (wall - (0 if offset is None else offset // _MILLISECOND) for offset in offsets)
    return max(at for at in instants if at <= instant)


def _resolve_wall(zone: ZoneInfo, wall: int) -> int:
    local_time = _EPOCH + timedelta(milliseconds=_to_supported_range(wall))
    offset = zone.utcoffset(local_time.replace(tzinfo=zone))
    return wall - (0 if offset is None else offset // _MILLISECOND)


@lru_cache(maxsize=16_384)
def day_start(zone: ZoneInfo, ordinal: int) -> int:
    """Returns the instant at which a calendar day starts in a zone."""
    return _resolve_wall(zone, (ordinal - EPOCH_ORDINAL) * DAY)


def day_at(zone: ZoneInfo, instant: int) -> int:
    """Returns the calendar day (ordinal) of an instant in a zone."""
    return wall_at(zone, instant) // DAY + EPOCH_ORDINAL


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A clock change: at the instant `at` (ms) local clocks jump by `by` ms, forward or back."""

    at: int
    by: int


def clock_changes_near(zone: ZoneInfo, instant: int) -> tuple[ClockChange, ...]:
    """Returns the clock changes from a day before an instant to four days after it."""
    return _clock_changes_around_day(zone, instant // DAY)


@lru_cache(maxsize=16_384)
def _clock_changes_around_day(zone: ZoneInfo, day: int) -> tuple[ClockChange, ...]:
    changes = (_clock_change(zone, nearby_day) for nearby_day in range(day - 1, day + 5))
    return tuple(change for change in changes if change is not None)


def _clock_change(zone: ZoneInfo, day: int) -> ClockChange | None:
    """Returns the clock change on a day of UTC, counted from the epoch; no zone has two on one day."""
    before, after = day * DAY - 1, (day + 1) * DAY - 1
    offset, new_offset = _utc_offset(zone, before), _utc_offset(zone, after)
    if offset == new_offset:
        return None
    while after - before > 1:
        middle = (before + after) // 2
        if _utc_offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return ClockChange(after, abs(new_offset - offset))


@lru_cache(maxsize=16_384)
def day_turns(zone: ZoneInfo, day: int) -> tuple[int, ...]:
    """Returns the instants (ms) at which local clocks come to a day, or back from it to the day before.

    The latter happens where clocks go back shortly after midnight.
    """
    start = day_start(zone, day)
    turns = [start]
    for change in clock_changes_near(zone, start):
        if change.at > start and day_at(zone, change.at) < day:
            midnight = (day - EPOCH_ORDINAL) * DAY
            turns += [change.at, change.at + midnight - wall_at(zone, change.at)]
    return tuple(turns)
