"""Tests of one JSON value: plain ones, and those whose outcome time alone may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from streams.engine.conditions.dates.date_bounds import DayBound, is_date, parse_bound, parse_instant
from streams.engine.conditions.dates.date_tests import DateTest
from streams.engine.conditions.dates.day_tests import DayTest
from streams.engine.conditions.dates.zones import Zones
from streams.engine.conditions.predicates import Predicate
from streams.engine.conditions.tree import due_of_all


class TimedTest(Protocol):
    """A test of a value whose outcome time alone may change."""

    def holds(self, value: Any, now: int, zones: Zones) -> bool: ...

    def due(self, value: Any, now: int, zones: Zones) -> int | None: ...


@dataclass(frozen=True, slots=True)
class ValueTests:
    """The tests of one leaf; a value has to pass all of them."""

    plain: tuple[Predicate, ...]
    timed: tuple[TimedTest, ...]

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        """Whether the value passes all tests at `now` (ms)."""
        return all(test(value) for test in self.plain) and all(test.holds(value, now, zones) for test in self.timed)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        """Returns when time alone may change that."""
        if not self.timed or not all(test(value) for test in self.plain):
            return None
        if len(self.timed) == 1:
            return self.timed[0].due(value, now, zones)
        return due_of_all((test.holds(value, now, zones), test.due(value, now, zones)) for test in self.timed)


@dataclass(frozen=True, slots=True)
class DateValueTest:
    """A date test of a JSON value, in the account's zone or the contact's."""

    test: DateTest
    uses_contact_zone: bool

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        zone = zones.named(is_contact=self.uses_contact_zone)
        return self.test.holds(parse_instant(value, zone), now, zone)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        zone = zones.named(is_contact=self.uses_contact_zone)
        return self.test.due(parse_instant(value, zone), now, zone)


@dataclass(frozen=True, slots=True)
class DatetimeValueTest:
    """A test of a declared `datetime`; a calendar date is its local midnight in the account's zone."""

    test: DateTest
    uses_contact_zone: bool

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        zone = zones.named(is_contact=self.uses_contact_zone)
        return self.test.holds(parse_instant(value, zones.account), now, zone)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        zone = zones.named(is_contact=self.uses_contact_zone)
        return self.test.due(parse_instant(value, zones.account), now, zone)


@dataclass(frozen=True, slots=True)
class DayOrInstantTest:
    """Compares a calendar date as a day, anything else that is a date as an instant."""

    instants: DateTest
    days: DayTest
    uses_contact_zone: bool

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        zone = zones.named(is_contact=self.uses_contact_zone)
        bound = parse_bound(value)
        if isinstance(bound, DayBound):
            return self.days.holds(bound.ordinal, now, zone)
        return bound is not None and self.instants.holds(bound.instant, now, zone)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        zone = zones.named(is_contact=self.uses_contact_zone)
        bound = parse_bound(value)
        if isinstance(bound, DayBound):
            return self.days.due(bound.ordinal, now, zone)
        return None if bound is None else self.instants.due(bound.instant, now, zone)


@dataclass(frozen=True, slots=True)
class NegatedTest:
    """The other test does not hold, which includes a missing value."""

    test: TimedTest

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        return not self.test.holds(value, now, zones)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        return self.test.due(value, now, zones)


@dataclass(frozen=True, slots=True)
class DateOrPlainTest:
    """Equality without a declared type: compares dates when the value is a date, else JSON values."""

    date: TimedTest
    plain: Predicate

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        return self.date.holds(value, now, zones) if is_date(value) else self.plain(value)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        return self.date.due(value, now, zones) if is_date(value) else None


@dataclass(frozen=True, slots=True)
class HasItemTest:
    """At least one item of a list of objects passes all tests; `fields` pairs keys of an item with their tests."""

    fields: tuple[tuple[str, ValueTests], ...]

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        return isinstance(value, list) and any(self._item_holds(item, now, zones) for item in value)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        if not isinstance(value, list):
            return None
        dues = [due for item in value if (due := self._item_due(item, now, zones)) is not None]
        return min(dues, default=None)

    def _item_holds(self, item: Any, now: int, zones: Zones) -> bool:
        return isinstance(item, dict) and all(tests.holds(item.get(key), now, zones) for key, tests in self.fields)

    def _item_due(self, item: Any, now: int, zones: Zones) -> int | None:
        if not isinstance(item, dict):
            return None
        values = [(item.get(key), tests) for key, tests in self.fields]
        return due_of_all((tests.holds(value, now, zones), tests.due(value, now, zones)) for value, tests in values)
