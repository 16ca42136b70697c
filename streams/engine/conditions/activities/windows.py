"""Windows over a contact's past: which of the kept instants lie inside, what can be forgotten, when that changes.

What is kept, with k the number of instants that decides a leaf's count (`CountRange.deciding_count`):

| window | kept |
|---|---|
| none, `within`, `since`, fixed `until` | the newest k that can lie inside: exact |
| `between_ago`, a moving `until` or one in the contact's zone | and all that have yet to come in; up to
`MOST_INSTANTS` |

An instant that no window can hold any more is forgotten with the next one counted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from streams.engine.conditions.dates.date_bounds import DateBound

MOST_INSTANTS = 1_000
"""The most instants that any leaf keeps of one contact."""


@dataclass(frozen=True, slots=True)
class CountRange:
    """From `least` to `most` times; without `most` there is no upper end."""

    least: int
    most: int | None

    @property
    def deciding_count(self) -> int:
        """So many counted instants decide it; more of them change nothing."""
        return max(self.least if self.most is None else self.most + 1, 0)

    def holds(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)


class CountWindow(Protocol):
    """A window as a counted leaf uses it; instants are ascending."""

    @property
    def lossy(self) -> bool:
        """Whether more instants than `MOST_INSTANTS` may matter, so that a full list may have lost some."""

    def count_inside(self, instants: list[int], now: int, zone: ZoneInfo) -> int:
        """How many of the kept lie inside."""

    def due(self, instants: list[int], now: int, zone: ZoneInfo, target: CountRange) -> int | None:
        """The earliest instant after now at which time alone may change whether that is as wanted."""

    def prune(self, instants: list[int], now: int, deciding_count: int) -> list[int]:
        """What may still matter."""

    def earliest_instant(self, now: int) -> int | None:
        """No instant before this one lies inside at `now` or later, in whatever zone; None where any may."""


@dataclass(frozen=True, slots=True)
class RollingWindow:
    """(now - begins, now - ends] within [first, last]: fixed lengths and fixed instants only (ms)."""

    max_age: int | None
    min_age: int
    first: int | None
    last: int | None

    @property
    def lossy(self) -> bool:
        return self.min_age > 0

    def count_inside(self, instants: list[int], now: int, zone: ZoneInfo) -> int:  # noqa: ARG002 - no zone matters here
        start, end = self._index_range(instants, now)
        return max(end - start, 0)

    def due(self, instants: list[int], now: int, zone: ZoneInfo, target: CountRange) -> int | None:  # noqa: ARG002
        leaving, entering = self._index_range(instants, now)
        entering = max(entering, leaving)
        end = len(instants) if self.last is None else bisect_right(instants, self.last)
        held = target.holds(entering - leaving)
        while True:
            turns = []
            if entering < end:
                turns.append(instants[entering] + self.min_age)
            if self.max_age is not None and leaving < entering:
                turns.append(instants[leaving] + self.max_age)
            if not turns:
                return None
            turn = min(turns)
            while entering < end and instants[entering] + self.min_age == turn:
                entering += 1
            while self.max_age is not None and leaving < entering and instants[leaving] + self.max_age == turn:
                leaving += 1
            if target.holds(entering - leaving) != held:
                return turn

    def prune(self, instants: list[int], now: int, deciding_count: int) -> list[int]:
        start = 0 if self.max_age is None else bisect_right(instants, now - self.max_age)
        if self.first is not None:
            start = max(start, bisect_left(instants, self.first))
        end = len(instants) if self.last is None else bisect_right(instants, self.last)
        came_in = len(instants) if self.min_age == 0 else bisect_right(instants, now - self.min_age)
        return _newest(instants, start, min(came_in, end), end, deciding_count)

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
    """(now - begins, now - ends] from `since` on and before `until`, edges that move or are in the contact's zone.

    What may be forgotten is judged in the account's zone, with the edges' slack.
    """

    max_age: int | None
    min_age: int
    since: DateBound | None
    until: DateBound | None
    account_zone: ZoneInfo

    @property
    def lossy(self) -> bool:
        return self.min_age > 0 or self.until is not None

    def count_inside(self, instants: list[int], now: int, zone: ZoneInfo) -> int:
        start = 0 if self.max_age is None else bisect_right(instants, now - self.max_age)
        end = bisect_right(instants, now - self.min_age)
        if self.since is not None:
            start = max(start, bisect_left(instants, self.since.resolve(now, zone)))
        if self.until is not None:
            end = min(end, bisect_left(instants, self.until.resolve(now, zone)))
        return max(end - start, 0)

    def due(self, instants: list[int], now: int, zone: ZoneInfo, target: CountRange) -> int | None:  # noqa: ARG002
        """The next instant at which any of the kept may come in or leave, whether or not that decides."""
        turns = [_bound_due(edge, instants, now, zone) for edge in (self.since, self.until)]
        turns.append(_next_crossing(instants, now, self.min_age))
        if self.max_age is not None:
            turns.append(_next_crossing(instants, now, self.max_age))
        return min((turn for turn in turns if turn is not None), default=None)

    def prune(self, instants: list[int], now: int, deciding_count: int) -> list[int]:
        start = 0 if self.max_age is None else bisect_right(instants, now - self.max_age)
        end = len(instants)
        came_in = len(instants) if self.min_age == 0 else bisect_right(instants, now - self.min_age)
        if self.since is not None:
            start = max(start, bisect_left(instants, self.since.resolve(now, self.account_zone) - self.since.slack))
        if self.until is not None:
            until, slack = self.until.resolve(now, self.account_zone), self.until.slack
            came_in = min(came_in, bisect_left(instants, until - slack))
            if not self.until.is_relative:
                end = bisect_left(instants, until + slack)
        return _newest(instants, start, min(came_in, end), end, deciding_count)

    def earliest_instant(self, now: int) -> int | None:
        since = None if self.since is None else self.since.resolve(now, self.account_zone) - self.since.slack
        return _latest(None if self.max_age is None else now - self.max_age, since)


def _latest(*instants: int | None) -> int | None:
    """The latest of those that there are."""
    return max((instant for instant in instants if instant is not None), default=None)


def _newest(instants: list[int], start: int, entry_index: int, end: int, deciding_count: int) -> list[int]:
    """From `start` to `end`, of those before `entry_index` only the newest that are enough; at most
    `MOST_INSTANTS`.
    """
    start = max(start, entry_index - deciding_count, end - MOST_INSTANTS)
    return instants[start:end] if start < end else []


def _next_crossing(instants: list[int], now: int, age: int) -> int | None:
    """When the next of the kept will have happened exactly so long ago."""
    place = bisect_right(instants, now - age)
    return instants[place] + age if place < len(instants) else None


def _bound_due(bound: DateBound | None, instants: list[int], now: int, zone: ZoneInfo) -> int | None:
    """When the edge may pass any of the kept; those next to it on either side speak for all."""
    if bound is None or not bound.is_relative:
        return None
    place = bisect_left(instants, bound.resolve(now, zone))
    neighbours = instants[max(place - 1, 0) : place + 1]
    dues = [due for instant in neighbours if (due := bound.due(instant, now, zone)) is not None]
    return min(dues, default=None)
