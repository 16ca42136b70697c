"""Date values as edges: every one is a span of instants [start, end), fixed or moving with now.

An instant is the span of its one millisecond, a calendar date the whole day in a zone. An edge is the start or the
end of such a span, so that each comparison is `instant >= edge` or its negation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from schemas.events.base import EARLIEST, LATEST
from schemas.time_zones import UTC
from schemas.values import instant_ms
from streams.engine.conditions.dates.calendar_days import ordinal_of
from streams.engine.conditions.dates.date_math import ZONE_SLACK, Step, apply_steps, parse_steps, slack_of
from streams.engine.conditions.dates.relative_bounds import MovingEdge
from streams.engine.conditions.dates.zones import DAY, EPOCH_ORDINAL, day_start
from streams.engine.conditions.errors import ConditionRefused

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST = 64  # what is longer is rare, and would make the cache large
_FIRST, _BEYOND = day_start(UTC, ordinal_of(1, 1, 1)), day_start(UTC, ordinal_of(10_000, 1, 1))
_PRESENTS = (EARLIEST, LATEST)  # between them now lies, since every event and every tick does


class Edge(Protocol):
    """One end of a date value."""

    @property
    def moves(self) -> bool:
        """Whether it moves with now."""

    @property
    def slack(self) -> int:
        """How far (ms) it may be from `at(now, account zone)` in another zone, or go back while time goes on."""

    def at(self, now: int, zone: ZoneInfo) -> int:
        """Where it is (ms)."""

    def due(self, instant: int, now: int, zone: ZoneInfo) -> int | None:
        """The earliest instant after now at which time alone may change `instant >= edge`."""


@dataclass(frozen=True, slots=True)
class InstantEdge:
    """Fixed, the same in every zone."""

    instant: int
    moves = False
    slack = 0

    def at(self, now: int, zone: ZoneInfo) -> int:  # noqa: ARG002 - an edge is asked with both
        return self.instant

    def due(self, instant: int, now: int, zone: ZoneInfo) -> int | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class DayEdge:
    """Where a calendar day (ordinal) begins in the zone."""

    ordinal: int
    moves = False
    slack = ZONE_SLACK

    def at(self, now: int, zone: ZoneInfo) -> int:  # noqa: ARG002
        return day_start(zone, self.ordinal)

    def due(self, instant: int, now: int, zone: ZoneInfo) -> int | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class ReckonedEdge:
    """Steps from a fixed date value, in the zone."""

    base: InstantEdge | DayEdge
    steps: tuple[Step, ...]
    plus: int
    moves = False

    @property
    def slack(self) -> int:
        return slack_of(self.steps)

    def at(self, now: int, zone: ZoneInfo) -> int:  # noqa: ARG002
        return _reckoned(self.base, self.steps, zone) + self.plus

    def due(self, instant: int, now: int, zone: ZoneInfo) -> int | None:  # noqa: ARG002
        return None


@lru_cache(maxsize=4_096)
def _reckoned(base: InstantEdge | DayEdge, steps: tuple[Step, ...], zone: ZoneInfo) -> int:
    return apply_steps(steps, base.at(0, zone), zone)


@dataclass(frozen=True, slots=True)
class DateValue:
    """What a date operator is set against: the span [start, end)."""

    start: Edge
    end: Edge


def parse_date_value(text: str) -> DateValue:
    """RFC 3339, a calendar date, or date arithmetic from now or from a date. Raises ConditionRefused."""
    parts = _parts(text)
    if parts is None:
        raise ConditionRefused(
            f"{text!r} is not a date value; write RFC 3339 (2026-03-01T09:30:00Z), a calendar date (2026-03-01) "
            "or date arithmetic (now-7d, now/d, 2026-03-31||-1M)"
        )
    base, steps = parts
    if any(_leaves_the_calendar(origin, steps) for origin in (_PRESENTS if base is None else (base.at(0, UTC),))):
        raise ConditionRefused(f"{text!r} leaves the calendar, which has the years 1 to 9999")
    return DateValue(MovingEdge(steps, 0), MovingEdge(steps, 1)) if base is None else _fixed(base, steps)


def is_date_value(text: str) -> bool:
    """Whether a text of a condition can be read as a date value."""
    return _parts(text) is not None


def _parts(text: str) -> tuple[InstantEdge | DayEdge | None, tuple[Step, ...]] | None:
    """Where a date value starts from (None: from now) and its steps; None for another text."""
    if text.startswith("now"):
        steps = parse_steps(text[3:])
        if steps is not None:
            return None, steps
    base_text, _, steps_text = text.partition("||")
    base = _base(base_text)
    steps = parse_steps(steps_text) if base is not None else None
    return None if steps is None else (base, steps)


def _leaves_the_calendar(instant: int, steps: tuple[Step, ...]) -> bool:
    """Whether it lies outside of it, in UTC, or one of the steps leads there."""
    instants = [instant]
    for step in steps:
        instants.append(step.apply(instants[-1], UTC))
    return not all(_FIRST <= each < _BEYOND for each in instants)


def _base(text: str) -> InstantEdge | DayEdge | None:
    try:
        if _DAY.fullmatch(text):
            return DayEdge(date.fromisoformat(text).toordinal())
        return InstantEdge(instant_ms(text))
    except (ValueError, OverflowError):
        return None


def _fixed(base: InstantEdge | DayEdge, steps: tuple[Step, ...]) -> DateValue:
    """A calendar date moved by calendar units is a calendar date; everything else is an instant."""
    if isinstance(base, DayEdge) and all(step.is_calendar for step in steps):
        ordinal = _moved_day(base.ordinal, steps)
        return DateValue(DayEdge(ordinal), DayEdge(ordinal + 1))
    if not steps and isinstance(base, InstantEdge):
        return DateValue(base, InstantEdge(base.instant + 1))
    return DateValue(ReckonedEdge(base, steps, 0), ReckonedEdge(base, steps, 1))


def _moved_day(ordinal: int, steps: tuple[Step, ...]) -> int:
    wall = (ordinal - EPOCH_ORDINAL) * DAY
    for step in steps:
        wall = step.on_wall(wall)
    return wall // DAY + EPOCH_ORDINAL


@lru_cache(maxsize=65_536)
def _read(text: str) -> InstantEdge | DayEdge | None:
    return _base(text)


def is_date(value: object) -> bool:
    """Whether a property's value means an instant or a calendar date."""
    return _edge_in(value) is not None


def is_day(value: object) -> bool:
    """Whether it is a calendar date."""
    return isinstance(_edge_in(value), DayEdge)


def is_instant(value: object) -> bool:
    """Whether it is an instant of the calendar's years in UTC."""
    edge = _edge_in(value)
    return isinstance(edge, InstantEdge) and _FIRST <= edge.instant < _BEYOND


def instant_in(value: object, zone: ZoneInfo) -> int | None:
    """The instant (ms) that a property's value means, a date by its local midnight; None for anything else."""
    edge = _edge_in(value)
    return None if edge is None else edge.at(0, zone)


def _edge_in(value: object) -> InstantEdge | DayEdge | None:
    if not isinstance(value, str):
        return None
    return _read(value) if len(value) <= _LONGEST else _base(value)
