"""Date values as bounds: each is a span of instants [start, end), fixed or relative to now (SPEC section 5).

An instant is the span of its one millisecond, a calendar date the whole day in a zone. A bound is the start or end of
such a span, so each comparison is `instant >= bound` or its negation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from schemas.events.base import EARLIEST, LATEST
from schemas.time_zones import UTC
from schemas.values import instant_ms, is_day
from streams.engine.conditions.dates.calendar_days import to_ordinal
from streams.engine.conditions.dates.date_math import ZONE_SLACK, DateStep, apply_steps, parse_steps, total_slack
from streams.engine.conditions.dates.relative_bounds import RelativeBound
from streams.engine.conditions.dates.zones import DAY, EPOCH_ORDINAL, day_start
from streams.engine.conditions.errors import ConditionRefused

_MAX_CACHED_LENGTH = 64  # longer texts are rare, and would make the cache large
_CALENDAR_START, _CALENDAR_END = day_start(UTC, to_ordinal(1, 1, 1)), day_start(UTC, to_ordinal(10_000, 1, 1))
_NOW_RANGE = (EARLIEST, LATEST)  # every event and every tick lies in it, so now does


class DateBound(Protocol):
    """The start or the end of a date value's span."""

    @property
    def is_relative(self) -> bool:
        """Whether the bound moves with now."""

    @property
    def slack(self) -> int:
        """How far (ms) the bound may lie from its value in another zone, or move back as time passes."""

    def resolve(self, now: int, zone: ZoneInfo) -> int:
        """Returns the bound as an instant (ms)."""

    def due(self, instant: int, now: int, zone: ZoneInfo) -> int | None:
        """Returns an instant after now before which time alone cannot change `instant >= bound`; None: never."""


@dataclass(frozen=True, slots=True)
class InstantBound:
    """A fixed instant (ms), the same in every zone."""

    instant: int
    is_relative = False
    slack = 0

    def resolve(self, now: int, zone: ZoneInfo) -> int:  # noqa: ARG002 - shared signature
        return self.instant

    def due(self, instant: int, now: int, zone: ZoneInfo) -> int | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class DayBound:
    """The beginning of a calendar day (ordinal) in the zone."""

    ordinal: int
    is_relative = False
    slack = ZONE_SLACK

    def resolve(self, now: int, zone: ZoneInfo) -> int:  # noqa: ARG002
        return day_start(zone, self.ordinal)

    def due(self, instant: int, now: int, zone: ZoneInfo) -> int | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class ComputedBound:
    """Date arithmetic from a fixed date value, in the zone."""

    base: InstantBound | DayBound
    steps: tuple[DateStep, ...]
    extra_ms: int
    is_relative = False

    @property
    def slack(self) -> int:
        return total_slack(self.steps)

    def resolve(self, now: int, zone: ZoneInfo) -> int:  # noqa: ARG002
        return _computed_instant(self.base, self.steps, zone) + self.extra_ms

    def due(self, instant: int, now: int, zone: ZoneInfo) -> int | None:  # noqa: ARG002
        return None


@lru_cache(maxsize=4_096)
def _computed_instant(base: InstantBound | DayBound, steps: tuple[DateStep, ...], zone: ZoneInfo) -> int:
    return apply_steps(steps, base.resolve(0, zone), zone)


@dataclass(frozen=True, slots=True)
class DateValue:
    """The operand of a date operator: the span [start, end)."""

    start: DateBound
    end: DateBound


def parse_date_value(text: str) -> DateValue:
    """Parses RFC 3339, a calendar date, or date arithmetic from now or a date. Raises ConditionRefused."""
    parts = _split_date_value(text)
    if parts is None:
        raise ConditionRefused(
            f"{text!r} is not a date value; write RFC 3339 (2026-03-01T09:30:00Z), a calendar date (2026-03-01) "
            "or date arithmetic (now-7d, now/d, 2026-03-31||-1M)"
        )
    base, steps = parts
    if any(_exceeds_calendar(origin, steps) for origin in (_NOW_RANGE if base is None else (base.resolve(0, UTC),))):
        raise ConditionRefused(f"{text!r} leaves the calendar, which has the years 1 to 9999")
    return DateValue(RelativeBound(steps, 0), RelativeBound(steps, 1)) if base is None else _fixed_value(base, steps)


def is_date_value(text: str) -> bool:
    """Whether a text of a condition is a date value."""
    return _split_date_value(text) is not None


def _split_date_value(text: str) -> tuple[InstantBound | DayBound | None, tuple[DateStep, ...]] | None:
    """Returns the base of a date value (None: now) and its steps; None when the text is no date value."""
    if text.startswith("now"):
        steps = parse_steps(text[3:])
        if steps is not None:
            return None, steps
    base_text, _, steps_text = text.partition("||")
    base = _parse_base(base_text)
    steps = parse_steps(steps_text) if base is not None else None
    return None if steps is None else (base, steps)


def _exceeds_calendar(instant: int, steps: tuple[DateStep, ...]) -> bool:
    """Whether the instant, or where one of the steps leads, lies outside the calendar in UTC."""
    instants = [instant]
    for step in steps:
        instants.append(step.apply(instants[-1], UTC))
    return not all(_CALENDAR_START <= instant < _CALENDAR_END for instant in instants)


def _parse_base(text: str) -> InstantBound | DayBound | None:
    try:
        if is_day(text):
            return DayBound(date.fromisoformat(text).toordinal())
        return InstantBound(instant_ms(text))
    except (ValueError, OverflowError):
        return None


def _fixed_value(base: InstantBound | DayBound, steps: tuple[DateStep, ...]) -> DateValue:
    """Returns a value that is not relative to now: a date if only calendar units shift a date, else an instant."""
    if isinstance(base, DayBound) and all(step.is_calendar for step in steps):
        ordinal = _shift_day(base.ordinal, steps)
        return DateValue(DayBound(ordinal), DayBound(ordinal + 1))
    if not steps and isinstance(base, InstantBound):
        return DateValue(base, InstantBound(base.instant + 1))
    return DateValue(ComputedBound(base, steps, 0), ComputedBound(base, steps, 1))


def _shift_day(ordinal: int, steps: tuple[DateStep, ...]) -> int:
    wall = (ordinal - EPOCH_ORDINAL) * DAY
    for step in steps:
        wall = step.on_wall(wall)
    return wall // DAY + EPOCH_ORDINAL


@lru_cache(maxsize=65_536)
def _parse_base_cached(text: str) -> InstantBound | DayBound | None:
    return _parse_base(text)


def is_date(value: object) -> bool:
    """Whether a property's value is an instant or a calendar date."""
    return parse_bound(value) is not None


def is_calendar_date(value: object) -> bool:
    """Whether a property's value is a calendar date."""
    return isinstance(parse_bound(value), DayBound)


def is_instant(value: object) -> bool:
    """Whether a property's value is an instant within the calendar's years in UTC."""
    bound = parse_bound(value)
    return isinstance(bound, InstantBound) and _CALENDAR_START <= bound.instant < _CALENDAR_END


def parse_instant(value: object, zone: ZoneInfo) -> int | None:
    """Returns a property's value as an instant (ms), a date as its local midnight; None for anything else."""
    bound = parse_bound(value)
    return None if bound is None else bound.resolve(0, zone)


def parse_bound(value: object) -> InstantBound | DayBound | None:
    """Returns a property's value as an instant or a calendar day; None for anything else."""
    if not isinstance(value, str):
        return None
    return _parse_base_cached(value) if len(value) <= _MAX_CACHED_LENGTH else _parse_base(value)
