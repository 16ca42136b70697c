"""Operators on dates: tests of an instant (ms; None: missing) against bounds, lengths of time and anniversaries.

With W a fixed length, `within_last` holds in (now - W, now], `within_next` in (now, now + W], `older_than` from
exactly t + W on. A calendar date stands for its local midnight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from streams.engine.conditions.dates.calendar_days import to_ordinal, year_month_day
from streams.engine.conditions.dates.date_bounds import DateBound, DateValue, parse_date_value
from streams.engine.conditions.dates.zones import DAY, day_at, day_turns
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.tree import due_of_any


class DateTest(Protocol):
    """A test of one instant, whose result may change with time."""

    def holds(self, instant: int | None, now: int, zone: ZoneInfo) -> bool: ...

    def due(self, instant: int | None, now: int, zone: ZoneInfo) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Span:
    """From `lower` on and before `upper`; None for no bound on that side."""

    lower: DateBound | None
    upper: DateBound | None

    def holds(self, instant: int | None, now: int, zone: ZoneInfo) -> bool:
        if instant is None:
            return False
        if self.lower is not None and instant < self.lower.resolve(now, zone):
            return False
        return self.upper is None or instant < self.upper.resolve(now, zone)

    def due(self, instant: int | None, now: int, zone: ZoneInfo) -> int | None:
        if instant is None:
            return None
        bounds = [bound for bound in (self.lower, self.upper) if bound is not None and bound.is_relative]
        dues = [due for bound in bounds if (due := bound.due(instant, now, zone)) is not None]
        return min(dues, default=None)


@dataclass(frozen=True, slots=True)
class AnyOfSpans:
    """In at least one of several spans."""

    spans: tuple[Span, ...]

    def holds(self, instant: int | None, now: int, zone: ZoneInfo) -> bool:
        return any(span.holds(instant, now, zone) for span in self.spans)

    def due(self, instant: int | None, now: int, zone: ZoneInfo) -> int | None:
        return due_of_any((span.holds(instant, now, zone), span.due(instant, now, zone)) for span in self.spans)


@dataclass(frozen=True, slots=True)
class NegatedDateTest:
    """The other test does not hold; this includes a missing date."""

    test: DateTest

    def holds(self, instant: int | None, now: int, zone: ZoneInfo) -> bool:
        return not self.test.holds(instant, now, zone)

    def due(self, instant: int | None, now: int, zone: ZoneInfo) -> int | None:
        return self.test.due(instant, now, zone)


@dataclass(frozen=True, slots=True)
class WithinLast:
    """(now - length, now]."""

    length: int

    def holds(self, instant: int | None, now: int, zone: ZoneInfo) -> bool:  # noqa: ARG002 - shared signature
        return instant is not None and now - self.length < instant <= now

    def due(self, instant: int | None, now: int, zone: ZoneInfo) -> int | None:  # noqa: ARG002
        if instant is None:
            return None
        return _next_after((instant, instant + self.length), now)


@dataclass(frozen=True, slots=True)
class WithinNext:
    """(now, now + length]."""

    length: int

    def holds(self, instant: int | None, now: int, zone: ZoneInfo) -> bool:  # noqa: ARG002
        return instant is not None and now < instant <= now + self.length

    def due(self, instant: int | None, now: int, zone: ZoneInfo) -> int | None:  # noqa: ARG002
        if instant is None:
            return None
        return _next_after((instant - self.length, instant), now)


@dataclass(frozen=True, slots=True)
class OlderThan:
    """From exactly instant + length on."""

    length: int

    def holds(self, instant: int | None, now: int, zone: ZoneInfo) -> bool:  # noqa: ARG002
        return instant is not None and now >= instant + self.length

    def due(self, instant: int | None, now: int, zone: ZoneInfo) -> int | None:  # noqa: ARG002
        if instant is None:
            return None
        return _next_after((instant + self.length,), now)


@dataclass(frozen=True, slots=True)
class AnniversaryWithin:
    """The anniversary of the date is today or within `days` calendar days after today."""

    days: int

    def holds(self, instant: int | None, now: int, zone: ZoneInfo) -> bool:
        if instant is None:
            return False
        today = day_at(zone, now)
        return _next_anniversary(day_at(zone, instant), today) - today <= self.days

    def due(self, instant: int | None, now: int, zone: ZoneInfo) -> int | None:
        if instant is None:
            return None
        today = day_at(zone, now)
        anniversary = _next_anniversary(day_at(zone, instant), today)
        change = anniversary + 1 if anniversary - today <= self.days else anniversary - self.days
        # Where clocks go back shortly after midnight, today may end in yesterday.
        turns = (*day_turns(zone, today), *day_turns(zone, change))
        return min(turn for turn in turns if turn > now)


def _next_after(instants: Sequence[int], now: int) -> int | None:
    return next((instant for instant in instants if instant > now), None)


def _next_anniversary(ordinal: int, today: int) -> int:
    """Returns the first anniversary (ordinal) on or after today, in whatever year the date itself is."""
    year, _, _ = year_month_day(today)
    _, month, day = year_month_day(ordinal)
    this_year = to_ordinal(year, month, day)
    return this_year if this_year >= today else to_ordinal(year + 1, month, day)


def comparison_span(operator: str, value: DateValue) -> Span:
    """Returns the span of instants for which a comparison with a date value holds."""
    if operator == "eq":
        return Span(value.start, value.end)
    if operator in ("gt", "after"):
        return Span(value.end, None)
    if operator == "gte":
        return Span(value.start, None)
    if operator in ("lt", "before"):
        return Span(None, value.start)
    return Span(None, value.end)


def date_test(operator: str, operand: object) -> DateTest:
    """Returns the test of an operator. Raises ConditionRefused when the operand is no date value."""
    if operator in ("within_last", "within_next", "older_than", "anniversary_within"):
        return _length_test(operator, operand)
    if operator == "between":
        lower, upper = to_date_values(operand)
        return Span(lower.start, upper.end)
    if operator in ("in", "not_in"):
        spans = AnyOfSpans(tuple(comparison_span("eq", value) for value in to_date_values(operand)))
        return spans if operator == "in" else NegatedDateTest(spans)
    (value,) = to_date_values(operand)
    if operator == "ne":
        return NegatedDateTest(comparison_span("eq", value))
    return comparison_span(operator, value)


def _length_test(operator: str, operand: object) -> DateTest:
    if not isinstance(operand, int):
        raise TypeError(f"{operator} takes a length in ms")
    if operator == "within_last":
        return WithinLast(operand)
    if operator == "within_next":
        return WithinNext(operand)
    if operator == "older_than":
        return OlderThan(operand)
    return AnniversaryWithin(operand // DAY)


def _date_value(operand: object) -> DateValue:
    if not isinstance(operand, str):
        raise ConditionRefused(f"{operand!r} is not a date value; write it as text, such as 2026-03-01 or now-7d")
    return parse_date_value(operand)


def to_date_values(operand: object) -> list[DateValue]:
    """Returns the date values of an operator that takes one or several. Raises ConditionRefused for anything else."""
    return [_date_value(one) for one in (operand if isinstance(operand, tuple) else (operand,))]
