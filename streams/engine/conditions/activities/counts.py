"""Visit and activity leaves: how often something matching happened in a window.

Identical leaves share what is kept under one key: a hash of the subject, the filter, the window and the number of
instants that decides the count. `streams.engine.conditions.activities.windows` says what is kept.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from schemas.conditions import ActivityLeaf, CountOperators, VisitLeaf
from streams.engine.conditions.activities.subjects import Subject, compile_subject, leaf_key
from streams.engine.conditions.activities.windows import (
    MOST,
    CalendarWindow,
    CountedWindow,
    CountRange,
    RollingWindow,
)
from streams.engine.conditions.compiler_context import Context
from streams.engine.conditions.dates.date_bounds import Edge, parse_date_value
from streams.engine.conditions.dates.zones import ZoneRule
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Happening, Node, Scene

Leaf = VisitLeaf | ActivityLeaf

_LIMITS = ("count", "never", "within", "between_ago", "since", "until", "first", "last", "regular")


class FilteredCounter:
    """What one counted leaf keeps: the instants of matching events, ascending."""

    __slots__ = ("_enough", "_subject", "_window", "bound", "key", "lossy")
    on_time = False

    def __init__(self, key: str, subject: Subject, window: CountedWindow, enough: int) -> None:
        self.key = key
        self.lossy = window.lossy
        self.bound = MOST if window.lossy else enough
        self._subject = subject
        self._window = window
        self._enough = enough

    def matches(self, happening: Happening) -> bool:
        """Whether the event counts; when it happened is the window's matter."""
        return self._subject.matches(happening)

    def count(self, kept: list[int], happening: Happening, now: int) -> list[int]:
        """A new list: `kept` with the event's instant in its place, without what no window from `now` on can hold."""
        place = bisect_right(kept, happening.at)
        return self._window.prune([*kept[:place], happening.at, *kept[place:]], now, self._enough)

    def forget(self, kept: list[int]) -> list[int]:
        """Without the older half."""
        return kept[(len(kept) + 1) // 2 :]

    def join(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """Instants say it all, whatever the journal's order."""
        return self._window.prune(sorted([*earlier, *later]), now, self._enough)

    def reaches_to(self, now: int) -> int | None:
        """Where the window begins."""
        return self._window.begin(now)


class CountedLeaf:
    """The count in the window is as wanted."""

    __slots__ = ("_key", "_wanted", "_window", "_zone")

    def __init__(self, key: str, window: CountedWindow, wanted: CountRange, zone: ZoneRule) -> None:
        self._key = key
        self._window = window
        self._wanted = wanted
        self._zone = zone

    def holds(self, scene: Scene) -> bool:
        contact = scene.contact
        kept = contact.counts.get(self._key)
        if not kept:
            return self._wanted.holds(0)
        return self._wanted.holds(self._window.count(kept, scene.now, self._zone.of(contact)))

    def due(self, scene: Scene) -> int | None:
        contact = scene.contact
        kept = contact.counts.get(self._key)
        if not kept:
            return None
        return self._window.due(kept, scene.now, self._zone.of(contact), self._wanted)


def compile_counted(leaf: Leaf, context: Context) -> Node:
    """A visit or activity leaf that counts. Raises ConditionRefused."""
    subject = compile_subject(leaf, context)
    wanted = count_range(leaf)
    if wanted.enough > MOST:
        raise ConditionRefused(f"counts go up to {MOST - 1}", ("count",))
    window, shape = window_of(leaf, context)
    key = leaf_key(subject.name, subject.fields, shape, wanted.enough, subject.zone)
    context.counters.setdefault(key, FilteredCounter(key, subject, window, wanted.enough))
    return CountedLeaf(key, window, wanted, context.zone_rule(leaf.in_zone))


def is_bare(leaf: object) -> bool:
    """Whether it only says what should match: no count, no window, nothing else."""
    return isinstance(leaf, VisitLeaf | ActivityLeaf) and all(getattr(leaf, name) is None for name in _LIMITS)


def count_range(leaf: Leaf) -> CountRange:
    """How often; at least once where nothing is said. Raises ConditionRefused."""
    if leaf.never is not None:
        if leaf.count is not None:
            raise ConditionRefused("is count: {eq: 0}; leave one of the two out", ("never",))
        return CountRange(0, 0)
    if leaf.count is None:
        return CountRange(1, None)
    return _range_of(leaf.count)


def _range_of(count: CountOperators) -> CountRange:
    least = [0]
    most: list[int] = []
    if count.eq is not None:
        least.append(count.eq)
        most.append(count.eq)
    if count.between is not None:
        least.append(count.between[0])
        most.append(count.between[1])
    if count.gte is not None:
        least.append(count.gte)
    if count.gt is not None:
        least.append(count.gt + 1)
    if count.lte is not None:
        most.append(count.lte)
    if count.lt is not None:
        most.append(count.lt - 1)
    if len(least) == 1 and not most:
        raise ConditionRefused("an operator is missing; write eq, gt, gte, lt, lte or between", ("count",))
    return CountRange(max(least), min(most) if most else None)


def window_of(leaf: Leaf, context: Context) -> tuple[CountedWindow, list[Any]]:
    """The window of a leaf, and what tells it from others. Raises ConditionRefused."""
    begins, ends = _lengths(leaf)
    since = _edge(leaf, "since")
    until = _edge(leaf, "until")
    edges = [edge for edge in (since, until) if edge is not None]
    if any(edge.moves for edge in edges) or (edges and leaf.in_zone == "contact"):
        shape = [begins, ends, leaf.since, leaf.until, leaf.in_zone, str(context.zone)]
        return CalendarWindow(begins, ends, since, until, context.zone), shape
    first = None if since is None else since.at(0, context.zone)
    last = None if until is None else until.at(0, context.zone) - 1
    return RollingWindow(begins, ends, first, last), [begins, ends, first, last]


def _lengths(leaf: Leaf) -> tuple[int | None, int]:
    if leaf.between_ago is None:
        return leaf.within, 0
    if leaf.within is not None:
        raise ConditionRefused("stands beside within; one window of this kind is enough", ("between_ago",))
    begins, ends = leaf.between_ago
    if begins <= ends:
        raise ConditionRefused("wants the longer time first, such as [30d, 7d]", ("between_ago",))
    return begins, ends


def _edge(leaf: Leaf, name: str) -> Edge | None:
    text = leaf.since if name == "since" else leaf.until
    if text is None:
        return None
    try:
        value = parse_date_value(text)
    except ConditionRefused as refusal:
        raise refusal.within(name) from None
    return value.start if name == "since" else value.end
