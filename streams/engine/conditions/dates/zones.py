"""Local time: instants (ms since the epoch), calendar days (proleptic ordinals as in `date.toordinal`) and zones.

Two rules of SPEC section 5 live here: a local time that a change of clocks leaves out shifts forward, and of a
doubled one the first is meant. Both are what `fold=0` says in Python.
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

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clocks are counted without a zone
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = _EPOCH.toordinal()
_MILLISECOND = timedelta(milliseconds=1)

# The calendar of `datetime` ends at the years 1 and 9999; a year is left at both ends for offsets.
_EARLIEST = (datetime(2, 1, 1) - _EPOCH) // _MILLISECOND  # noqa: DTZ001
_LATEST = (datetime(9998, 12, 31) - _EPOCH) // _MILLISECOND  # noqa: DTZ001
_CYCLE = CYCLE_DAYS * DAY


class Zones(NamedTuple):
    """Both zones that a leaf on dates may mean."""

    account: ZoneInfo
    contact: ZoneInfo
    """The account's again where the contact has no valid one."""


class ZoneRule:
    """Which zone a leaf means: the account's, or the contact's where it has a valid one."""

    __slots__ = ("account_zone", "uses_contact_zone")

    def __init__(self, account_zone: ZoneInfo, *, uses_contact_zone: bool) -> None:
        self.account_zone = account_zone
        self.uses_contact_zone = uses_contact_zone

    def zone_for(self, contact: Contact) -> ZoneInfo:
        """The zone for this contact."""
        if self.uses_contact_zone:
            name = contact.properties.get("time_zone")
            if isinstance(name, str):
                return find_zone(name) or self.account_zone
        return self.account_zone


def _to_supported_range(ms: int) -> int:
    """`ms`, or the same place some 400 years nearer, where the rules of clocks and days of the week are the same."""
    if ms < _EARLIEST:
        return _EARLIEST + (ms - _EARLIEST) % _CYCLE
    return ms if ms <= _LATEST else _LATEST - (_LATEST - ms) % _CYCLE


def utc_offset_at(zone: ZoneInfo, instant: int) -> int:
    """How far local time is ahead of UTC at an instant, in ms."""
    offset = _utc_offset_of_day(zone, instant // DAY)
    return _utc_offset(zone, instant) if offset is None else offset


def _utc_offset(zone: ZoneInfo, instant: int) -> int:
    moment = _EPOCH_UTC + timedelta(milliseconds=_to_supported_range(instant))
    offset = moment.astimezone(zone).utcoffset()
    return 0 if offset is None else offset // _MILLISECOND


@lru_cache(maxsize=16_384)
def _utc_offset_of_day(zone: ZoneInfo, day: int) -> int | None:
    """The offset on a day of UTC (counted from the epoch); None where clocks change on it."""
    first, last = _utc_offset(zone, day * DAY - 1), _utc_offset(zone, (day + 1) * DAY - 1)
    return first if first == last else None


def wall_at(zone: ZoneInfo, instant: int) -> int:
    """What local clocks show at an instant, as ms since 1970-01-01T00:00 on those clocks."""
    return instant + utc_offset_at(zone, instant)


def instant_from_wall(zone: ZoneInfo, wall: int) -> int:
    """The instant at which local clocks show `wall`; shifted forward in a gap, the first of two in a doubled hour."""
    if wall % DAY == 0:
        return day_start(zone, wall // DAY + EPOCH_ORDINAL)
    return _resolve_wall(zone, wall)


def last_instant_of_wall(zone: ZoneInfo, wall: int, instant: int) -> int:
    """The last instant up to `instant` at which local clocks showed `wall`; as shifted forward in a gap."""
    shown = _EPOCH + timedelta(milliseconds=_to_supported_range(wall))
    offsets = (zone.utcoffset(shown.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    instants = (wall - (0 if offset is None else offset // _MILLISECOND) for offset in offsets)
    return max(at for at in instants if at <= instant)


def _resolve_wall(zone: ZoneInfo, wall: int) -> int:
    shown = _EPOCH + timedelta(milliseconds=_to_supported_range(wall))
    offset = zone.utcoffset(shown.replace(tzinfo=zone))
    return wall - (0 if offset is None else offset // _MILLISECOND)


@lru_cache(maxsize=16_384)
def day_start(zone: ZoneInfo, ordinal: int) -> int:
    """The instant at which a calendar day begins in a zone."""
    return _resolve_wall(zone, (ordinal - EPOCH_ORDINAL) * DAY)


def day_at(zone: ZoneInfo, instant: int) -> int:
    """The calendar day (ordinal) that an instant falls on in a zone."""
    return wall_at(zone, instant) // DAY + EPOCH_ORDINAL


@dataclass(frozen=True, slots=True)
class ClockChange:
    """Local clocks are put forward or back by `by` ms, whichever way."""

    at: int
    by: int


def clock_changes_near(zone: ZoneInfo, instant: int) -> tuple[ClockChange, ...]:
    """The changes of clocks from a day before an instant to four days after it."""
    return _clock_changes_around_day(zone, instant // DAY)


@lru_cache(maxsize=16_384)
def _clock_changes_around_day(zone: ZoneInfo, day: int) -> tuple[ClockChange, ...]:
    found = (_clock_change(zone, near) for near in range(day - 1, day + 5))
    return tuple(change for change in found if change is not None)


def _clock_change(zone: ZoneInfo, day: int) -> ClockChange | None:
    """Of one day of UTC, counted from the epoch; no zone changes its clocks twice on one."""
    before, after = day * DAY - 1, (day + 1) * DAY - 1
    offset, changed = _utc_offset(zone, before), _utc_offset(zone, after)
    if offset == changed:
        return None
    while after - before > 1:
        middle = (before + after) // 2
        if _utc_offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return ClockChange(after, abs(changed - offset))
