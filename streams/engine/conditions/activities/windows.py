"""Windows over a contact's past: which stored instants lie inside, which can be dropped, and when that changes.

Stored instants, with k the number of instants that decides a leaf's count (`CountRange.deciding_count`):

| window | stored |
|---|---|
| none, `within`, `since`, fixed `until` | the newest k that can lie inside: exact |
| `between_ago`, a relative `until` or one in the contact's zone | also all that have yet to enter; `MOST_INSTANTS` |

An instant that no window can hold any more is dropped when the next one is counted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from streams.engine.conditions.dates.date_bounds import DateBound

MOST_INSTANTS = 1_000
"""The most instants that a leaf stores of one contact."""

IndexRange = tuple[int, int]
"""Indexes of instants: the first one, and the one behind the last; equal where there is none."""

RangeTest = Callable[[int, int], bool]
"""Whether a leaf holds when the instants of an index range lie inside its window; the indexes never go down."""


@dataclass(frozen=True, slots=True)
class CountRange:
    """From `least` to `most` times; without `most` there is no upper limit."""

    least: int
    most: int | None

    @property
    def deciding_count(self) -> int:
        """The number of instants that decides the result; more of them change nothing."""
        return max(self.least if self.most is None else self.most + 1, 0)

    def holds(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)

    def holds_range(self, start: int, end: int) -> bool:
        """Whether that many instants are enough and not too many: a `RangeTest`."""
        return self.holds(end - start)


class CountWindow(Protocol):
    """A window as a counting leaf uses it; instants (ms) are ascending."""

    @property
    def max_age(self) -> int | None:
        """How old (ms) an event inside may be at most; None for any age."""

    @property
    def has_age_only(self) -> bool:
        """Whether nothing but `max_age` excludes an event."""

    @property
    def lossy(self) -> bool:
        """Whether more instants than `MOST_INSTANTS` may matter, so that a full list may have lost some."""

    @property
    def is_permanent(self) -> bool:
        """Whether what is inside once stays inside, and nothing waits to enter."""

    def range_inside(self, instants: list[int], now: int, zone: ZoneInfo) -> IndexRange:
        """Returns which of the instants lie inside."""

    def count_inside(self, instants: list[int], now: int, zone: ZoneInfo) -> int:
        """Returns how many of the instants lie inside."""

    def due(self, instants: list[int], now: int, zone: ZoneInfo, holds: RangeTest) -> int | None:
        """Returns the earliest instant after now at which time alone may change whether the leaf holds."""

    def stored_range(self, instants: list[int], now: int) -> tuple[int, int, int]:
        """Returns three indexes: the first instant that may still matter, the first that is not certainly inside
        yet, and the one behind the last that may matter. The second may lie outside of the other two."""

    def prune(self, instants: list[int], now: int, deciding_count: int) -> list[int]:
        """Returns the instants that may still matter."""

    def earliest_instant(self, now: int) -> int | None:
        """Returns the first instant that may be inside at `now` or later, in any zone; None when all may."""


@dataclass(frozen=True, slots=True)
class RollingWindow:
    """(now - max_age, now - min_age] within [first, last]: fixed lengths and fixed instants only (ms)."""

    max_age: int | None
    min_age: int
    first: int | None
    last: int | None

    @property
    def has_age_only(self) -> bool:
        return self.min_age == 0 and self.first is None and self.last is None

    @property
    def lossy(self) -> bool:
        return self.min_age > 0

    @property
    def is_permanent(self) -> bool:
        return self.max_age is None and self.min_age == 0

    def range_inside(self, instants: list[int], now: int, zone: ZoneInfo) -> IndexRange:  # noqa: ARG002
        start, end = self._index_range(instants, now)
        return start, max(start, end)

    def count_inside(self, instants: list[int], now: int, zone: ZoneInfo) -> int:  # noqa: ARG002 - shared signature
        start, end = self._index_range(instants, now)
        return max(end - start, 0)

    def due(self, instants: list[int], now: int, zone: ZoneInfo, holds: RangeTest) -> int | None:
        leaving, entering = self.range_inside(instants, now, zone)
        end = len(instants) if self.last is None else bisect_right(instants, self.last)
        result = holds(leaving, entering)
        while True:
            candidates = []
            if entering < end:
                candidates.append(instants[entering] + self.min_age)
            if self.max_age is not None and leaving < entering:
                candidates.append(instants[leaving] + self.max_age)
            if not candidates:
                return None
            change = min(candidates)
            while entering < end and instants[entering] + self.min_age == change:
                entering += 1
            while self.max_age is not None and leaving < entering and instants[leaving] + self.max_age == change:
                leaving += 1
            if holds(leaving, entering) != result:
                return change

    def stored_range(self, instants: list[int], now: int) -> tuple[int, int, int]:
        start = 0 if self.max_age is None else bisect_right(instants, now - self.max_age)
        if self.first is not None:
            start = max(start, bisect_left(instants, self.first))
        end = len(instants) if self.last is None else bisect_right(instants, self.last)
        entry_index = len(instants) if self.min_age == 0 else bisect_right(instants, now - self.min_age)
        return start, min(entry_index, end), end

    def prune(self, instants: list[int], now: int, deciding_count: int) -> list[int]:
        if self.has_age_only:  # most windows: `within`, or none
            start = max(len(instants) - min(deciding_count, MOST_INSTANTS), 0)
            if self.max_age is not None and start < len(instants) and instants[start] <= now - self.max_age:
                start = bisect_right(instants, now - self.max_age, start)
            return instants[start:] if start else instants
        return _newest(instants, *self.stored_range(instants, now), deciding_count)

    def earliest_instant(self, now: int) -> int | None:
        return _latest(None if self.max_age is None else now - self.max_age, self.first)

    def _index_range(self, instants: list[int], now: int) -> tuple[int, int]:
        start = 0 if self.max_age is None else bisect_right(instants, now - self.max_age)
        if self.first is not None:
            start = max(start, bisect_left(instants, self.first))
        latest = now - self.min_age
        end = bisect_right(instants, latest if self.last is None else min(latest, self.last))
        return start, end


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """(now - max_age, now - min_age] from `since` on and before `until`, with relative or zone-dependent bounds.

    What can be dropped is decided in the account's zone, with the bounds' slack.
    """

    max_age: int | None
    min_age: int
    since: DateBound | None
    until: DateBound | None
    account_zone: ZoneInfo

    @property
    def has_age_only(self) -> bool:
        return False

    @property
    def lossy(self) -> bool:
        return self.min_age > 0 or self.until is not None

    @property
    def is_permanent(self) -> bool:
        return False

    def count_inside(self, instants: list[int], now: int, zone: ZoneInfo) -> int:
        start, end = self.range_inside(instants, now, zone)
        return end - start

    def range_inside(self, instants: list[int], now: int, zone: ZoneInfo) -> IndexRange:
        start = 0 if self.max_age is None else bisect_right(instants, now - self.max_age)
        end = bisect_right(instants, now - self.min_age)
        if self.since is not None:
            start = max(start, bisect_left(instants, self.since.resolve(now, zone)))
        if self.until is not None:
            end = min(end, bisect_left(instants, self.until.resolve(now, zone)))
        return start, max(start, end)

    def due(self, instants: list[int], now: int, zone: ZoneInfo, holds: RangeTest) -> int | None:  # noqa: ARG002
        """Returns the next instant at which any of the instants may enter or leave, even if the result stays."""
        changes = [_bound_due(bound, instants, now, zone) for bound in (self.since, self.until)]
        changes.append(_next_crossing(instants, now, self.min_age))
        if self.max_age is not None:
            changes.append(_next_crossing(instants, now, self.max_age))
        return min((change for change in changes if change is not None), default=None)

    def stored_range(self, instants: list[int], now: int) -> tuple[int, int, int]:
        start = 0 if self.max_age is None else bisect_right(instants, now - self.max_age)
        end = len(instants)
        entry_index = len(instants) if self.min_age == 0 else bisect_right(instants, now - self.min_age)
        if self.since is not None:
            start = max(start, bisect_left(instants, self.since.resolve(now, self.account_zone) - self.since.slack))
        if self.until is not None:
            until, slack = self.until.resolve(now, self.account_zone), self.until.slack
            entry_index = min(entry_index, bisect_left(instants, until - slack))
            if not self.until.is_relative:
                end = bisect_left(instants, until + slack)
        return start, min(entry_index, end), end

    def prune(self, instants: list[int], now: int, deciding_count: int) -> list[int]:
        return _newest(instants, *self.stored_range(instants, now), deciding_count)

    def earliest_instant(self, now: int) -> int | None:
        since = None if self.since is None else self.since.resolve(now, self.account_zone) - self.since.slack
        return _latest(None if self.max_age is None else now - self.max_age, since)


def _latest(*instants: int | None) -> int | None:
    """Returns the latest of the instants that are not None."""
    return max((instant for instant in instants if instant is not None), default=None)


def _newest(instants: list[int], start: int, entry_index: int, end: int, deciding_count: int) -> list[int]:
    """Returns the instants from `start` to `end`, at most `MOST_INSTANTS`.

    Of those before `entry_index`, which are already inside, only the newest `deciding_count` remain.
    """
    start = max(start, entry_index - deciding_count, end - MOST_INSTANTS)
    return instants[start:end] if start < end else []


def _next_crossing(instants: list[int], now: int, age: int) -> int | None:
    """Returns when the next of the instants reaches this age."""
    index = bisect_right(instants, now - age)
    return instants[index] + age if index < len(instants) else None


def _bound_due(bound: DateBound | None, instants: list[int], now: int, zone: ZoneInfo) -> int | None:
    """Returns when the bound may pass any of the instants; its neighbours on both sides are the first it can pass."""
    if bound is None or not bound.is_relative:
        return None
    index = bisect_left(instants, bound.resolve(now, zone))
    neighbours = instants[max(index - 1, 0) : index + 1]
    dues = [due for instant in neighbours if (due := bound.due(instant, now, zone)) is not None]
    return min(dues, default=None)
