"""Operators on a calendar date: a date value set against it is the calendar day that it lies in, in the zone.

So the truth changes when the date value passes a local midnight (SPEC section 5). Days are compared as ordinals and
not by their midnights, because a day that a zone leaves out begins together with the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from streams.engine.conditions.dates.date_bounds import DateBound, DayBound
from streams.engine.conditions.dates.date_tests import to_date_values
from streams.engine.conditions.dates.zones import day_at, day_turns
from streams.engine.conditions.tree import due_of_any


class DayTest(Protocol):
    """A test of one calendar day, whose result may change with time."""

    def holds(self, day: int, now: int, zone: ZoneInfo) -> bool: ...

    def due(self, day: int, now: int, zone: ZoneInfo) -> int | None: ...


@dataclass(frozen=True, slots=True)
class DaySpan:
    """From the day of `first` to the day of `last`, both included, each moved by so many days; None for no end."""

    first: DateBound | None
    last: DateBound | None
    first_shift: int = 0
    last_shift: int = 0

    def holds(self, day: int, now: int, zone: ZoneInfo) -> bool:
        if self.first is not None and day < _day_of(self.first, now, zone) + self.first_shift:
            return False
        return self.last is None or day <= _day_of(self.last, now, zone) + self.last_shift

    def due(self, day: int, now: int, zone: ZoneInfo) -> int | None:
        """Returns when `first` may come to lie behind the day, or `last` before it, or the other way about."""
        dues = []
        if self.first is not None:
            dues.append(_due_of_reaching(self.first, day - self.first_shift + 1, now, zone))
        if self.last is not None:
            dues.append(_due_of_reaching(self.last, day - self.last_shift, now, zone))
        return min((due for due in dues if due is not None), default=None)


@dataclass(frozen=True, slots=True)
class AnyOfDays:
    """In at least one of several spans."""

    spans: tuple[DaySpan, ...]

    def holds(self, day: int, now: int, zone: ZoneInfo) -> bool:
        return any(span.holds(day, now, zone) for span in self.spans)

    def due(self, day: int, now: int, zone: ZoneInfo) -> int | None:
        return due_of_any((span.holds(day, now, zone), span.due(day, now, zone)) for span in self.spans)


def day_test(operator: str, operand: object) -> DayTest:
    """Returns the test of `eq in gt gte lt lte between before after`. Raises ConditionRefused for no date value."""
    starts = [value.start for value in to_date_values(operand)]
    if operator in ("eq", "in"):
        return AnyOfDays(tuple(DaySpan(start, start) for start in starts))
    if operator == "between":
        return DaySpan(starts[0], starts[1])
    (start,) = starts
    if operator in ("gt", "after"):
        return DaySpan(start, None, first_shift=1)
    if operator == "gte":
        return DaySpan(start, None)
    if operator in ("lt", "before"):
        return DaySpan(None, start, last_shift=-1)
    return DaySpan(None, start)


def _day_of(bound: DateBound, now: int, zone: ZoneInfo) -> int:
    return bound.ordinal if isinstance(bound, DayBound) else day_at(zone, bound.resolve(now, zone))


def _due_of_reaching(bound: DateBound, day: int, now: int, zone: ZoneInfo) -> int | None:
    """Returns an instant after now before which time alone cannot change whether the bound comes to the day."""
    if not bound.is_relative:
        return None
    dues = (bound.due(turn - 1, now, zone) for turn in day_turns(zone, day))
    return min((due for due in dues if due is not None), default=None)
