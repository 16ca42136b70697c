"""Windows over a contact's past: which of the kept instants lie inside, what can be forgotten, when that changes.

What is kept, with k the number of instants that decides a leaf's count (`CountRange.enough`):

| window | kept |
|---|---|
| none, `within`, `since`, fixed `until` | the newest k that can lie inside: exact |
| `between_ago`, a moving `until` or one in the contact's zone | and all that have yet to come in; up to `MOST` |

An instant that no window can hold any more is forgotten with the next one counted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from streams.engine.conditions.dates.date_bounds import Edge

MOST = 1_000
"""The most instants that any leaf keeps of one contact."""


@dataclass(frozen=True, slots=True)
class CountRange:
    """From `least` to `most` times; without `most` there is no upper end."""

    least: int
    most: int | None

    @property
    def enough(self) -> int:
        """So many counted instants decide it; more of them change nothing."""
        return max(self.least if self.most is None else self.most + 1, 0)

    def holds(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)


class CountedWindow(Protocol):
    """A window as a counted leaf uses it; instants are ascending."""

    @property
    def lossy(self) -> bool:
        """Whether more instants than `MOST` may matter, so that a full list may have lost some."""

    def count(self, kept: list[int], now: int, zone: ZoneInfo) -> int:
        """How many of the kept lie inside."""

    def due(self, kept: list[int], now: int, zone: ZoneInfo, wanted: CountRange) -> int | None:
        """The earliest instant after now at which time alone may change whether that is as wanted."""

    def prune(self, kept: list[int], now: int, enough: int) -> list[int]:
        """What may still matter."""

    def begin(self, now: int) -> int | None:
        """No instant before this one lies inside at `now` or later, in whatever zone; None where any may."""


@dataclass(frozen=True, slots=True)
class RollingWindow:
    """(now - begins, now - ends] within [first, last]: fixed lengths and fixed instants only (ms)."""

    begins: int | None
    ends: int
    first: int | None
    last: int | None

    @property
    def lossy(self) -> bool:
        return self.ends > 0

    def count(self, kept: list[int], now: int, zone: ZoneInfo) -> int:  # noqa: ARG002 - no zone matters here
        start, end = self._inside(kept, now)
        return max(end - start, 0)

    def due(self, kept: list[int], now: int, zone: ZoneInfo, wanted: CountRange) -> int | None:  # noqa: ARG002
        leaving, entering = self._inside(kept, now)
        entering = max(entering, leaving)
        end = len(kept) if self.last is None else bisect_right(kept, self.last)
        held = wanted.holds(entering - leaving)
        while True:
            turns = []
            if entering < end:
                turns.append(kept[entering] + self.ends)
            if self.begins is not None and leaving < entering:
                turns.append(kept[leaving] + self.begins)
            if not turns:
                return None
            turn = min(turns)
            while entering < end and kept[entering] + self.ends == turn:
                entering += 1
            while self.begins is not None and leaving < entering and kept[leaving] + self.begins == turn:
                leaving += 1
            if wanted.holds(entering - leaving) != held:
                return turn

    def prune(self, kept: list[int], now: int, enough: int) -> list[int]:
        start = 0 if self.begins is None else bisect_right(kept, now - self.begins)
        if self.first is not None:
            start = max(start, bisect_left(kept, self.first))
        end = len(kept) if self.last is None else bisect_right(kept, self.last)
        came_in = len(kept) if self.ends == 0 else bisect_right(kept, now - self.ends)
        return _newest(kept, start, min(came_in, end), end, enough)

    def begin(self, now: int) -> int | None:
        return _latest(None if self.begins is None else now - self.begins, self.first)

    def _inside(self, kept: list[int], now: int) -> tuple[int, int]:
        start = 0 if self.begins is None else bisect_right(kept, now - self.begins)
        if self.first is not None:
            start = max(start, bisect_left(kept, self.first))
        latest = now - self.ends
        end = bisect_right(kept, latest if self.last is None else min(latest, self.last))
        return start, end


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """(now - begins, now - ends] from `since` on and before `until`, edges that move or are in the contact's zone.

    What may be forgotten is judged in the account's zone, with the edges' slack.
    """

    begins: int | None
    ends: int
    since: Edge | None
    until: Edge | None
    account: ZoneInfo

    @property
    def lossy(self) -> bool:
        return self.ends > 0 or self.until is not None

    def count(self, kept: list[int], now: int, zone: ZoneInfo) -> int:
        start = 0 if self.begins is None else bisect_right(kept, now - self.begins)
        end = bisect_right(kept, now - self.ends)
        if self.since is not None:
            start = max(start, bisect_left(kept, self.since.at(now, zone)))
        if self.until is not None:
            end = min(end, bisect_left(kept, self.until.at(now, zone)))
        return max(end - start, 0)

    def due(self, kept: list[int], now: int, zone: ZoneInfo, wanted: CountRange) -> int | None:  # noqa: ARG002
        """The next instant at which any of the kept may come in or leave, whether or not that decides."""
        turns = [_due_of_edge(edge, kept, now, zone) for edge in (self.since, self.until)]
        turns.append(_next_passing(kept, now, self.ends))
        if self.begins is not None:
            turns.append(_next_passing(kept, now, self.begins))
        return min((turn for turn in turns if turn is not None), default=None)

    def prune(self, kept: list[int], now: int, enough: int) -> list[int]:
        start = 0 if self.begins is None else bisect_right(kept, now - self.begins)
        end = len(kept)
        came_in = len(kept) if self.ends == 0 else bisect_right(kept, now - self.ends)
        if self.since is not None:
            start = max(start, bisect_left(kept, self.since.at(now, self.account) - self.since.slack))
        if self.until is not None:
            until, slack = self.until.at(now, self.account), self.until.slack
            came_in = min(came_in, bisect_left(kept, until - slack))
            if not self.until.moves:
                end = bisect_left(kept, until + slack)
        return _newest(kept, start, min(came_in, end), end, enough)

    def begin(self, now: int) -> int | None:
        since = None if self.since is None else self.since.at(now, self.account) - self.since.slack
        return _latest(None if self.begins is None else now - self.begins, since)


def _latest(*instants: int | None) -> int | None:
    """The latest of those that there are."""
    return max((instant for instant in instants if instant is not None), default=None)


def _newest(kept: list[int], start: int, came_in: int, end: int, enough: int) -> list[int]:
    """From `start` to `end`, of those before `came_in` only the newest that are enough; at most `MOST`."""
    start = max(start, came_in - enough, end - MOST)
    return kept[start:end] if start < end else []


def _next_passing(kept: list[int], now: int, length: int) -> int | None:
    """When the next of the kept will have happened exactly so long ago."""
    place = bisect_right(kept, now - length)
    return kept[place] + length if place < len(kept) else None


def _due_of_edge(edge: Edge | None, kept: list[int], now: int, zone: ZoneInfo) -> int | None:
    """When the edge may pass any of the kept; those next to it on either side speak for all."""
    if edge is None or not edge.moves:
        return None
    place = bisect_left(kept, edge.at(now, zone))
    neighbours = kept[max(place - 1, 0) : place + 1]
    dues = [due for instant in neighbours if (due := edge.due(instant, now, zone)) is not None]
    return min(dues, default=None)
