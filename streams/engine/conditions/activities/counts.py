"""Visit and activity leaves: how often something matching happened in a window.

Identical leaves share what is kept under one key: a hash of the subject, the filter, the window and the number of
instants that decides the count. `streams.engine.conditions.activities.windows` says what is kept.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from schemas.conditions import ActivityLeaf, CountOperators, VisitLeaf
from streams.engine.conditions.activities.event_filters import EventFilter, compile_event_filter
from streams.engine.conditions.activities.windows import (
    MOST_INSTANTS,
    CalendarWindow,
    CountRange,
    CountWindow,
    RollingWindow,
)
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.dates.date_bounds import DateBound, parse_date_value
from streams.engine.conditions.dates.zones import ZoneRule
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.leaf_keys import leaf_key
from streams.engine.conditions.protocols import Activity, EvaluationContext, Node

EventLeaf = VisitLeaf | ActivityLeaf

_COUNT_AND_WINDOW_KEYS = ("count", "never", "within", "between_ago", "since", "until", "first", "last", "regular")


class FilteredCounter:
    """What one counted leaf keeps: the instants of matching events, ascending."""

    __slots__ = ("_deciding_count", "_event_filter", "_window", "key", "limit", "lossy")
    drops_late = False

    def __init__(self, key: str, event_filter: EventFilter, window: CountWindow, deciding_count: int) -> None:
        self.key = key
        self.lossy = window.lossy
        self.limit = MOST_INSTANTS if window.lossy else deciding_count
        self._event_filter = event_filter
        self._window = window
        self._deciding_count = deciding_count

    def matches(self, activity: Activity) -> bool:
        """Whether the event counts; when it happened is the window's matter."""
        return self._event_filter.matches(activity)

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:
        """A new list: `state` with the event's instant in its place, without what no window from `now` on can
        hold.
        """
        place = bisect_right(state, activity.at)
        return self._window.prune([*state[:place], activity.at, *state[place:]], now, self._deciding_count)

    def drop_older_half(self, state: list[int]) -> list[int]:
        """Without the older half."""
        return state[(len(state) + 1) // 2 :]

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """Instants say it all, whatever the journal's order."""
        return self._window.prune(sorted([*earlier, *later]), now, self._deciding_count)

    def earliest_needed(self, now: int) -> int | None:
        """Where the window begins."""
        return self._window.earliest_instant(now)


class CountNode:
    """The count in the window is as wanted."""

    __slots__ = ("_key", "_target", "_window", "_zone_rule")

    def __init__(self, key: str, window: CountWindow, target: CountRange, zone_rule: ZoneRule) -> None:
        self._key = key
        self._window = window
        self._target = target
        self._zone_rule = zone_rule

    def holds(self, context: EvaluationContext) -> bool:
        contact = context.contact
        kept = contact.counts.get(self._key)
        if not kept:
            return self._target.holds(0)
        return self._target.holds(self._window.count_inside(kept, context.now, self._zone_rule.zone_for(contact)))

    def due(self, context: EvaluationContext) -> int | None:
        contact = context.contact
        kept = contact.counts.get(self._key)
        if not kept:
            return None
        return self._window.due(kept, context.now, self._zone_rule.zone_for(contact), self._target)


def compile_count(leaf: EventLeaf, context: CompilerContext) -> Node:
    """A visit or activity leaf that counts. Raises ConditionRefused."""
    subject = compile_event_filter(leaf, context)
    wanted = count_range(leaf)
    if wanted.deciding_count > MOST_INSTANTS:
        raise ConditionRefused(f"counts go up to {MOST_INSTANTS - 1}", ("count",))
    window, shape = compile_window(leaf, context)
    key = leaf_key(subject.name, subject.fields, shape, wanted.deciding_count, subject.zone)
    context.counters.setdefault(key, FilteredCounter(key, subject, window, wanted.deciding_count))
    return CountNode(key, window, wanted, context.zone_rule(leaf.in_zone))


def is_filter_only(leaf: object) -> bool:
    """Whether it only says what should match: no count, no window, nothing else."""
    return isinstance(leaf, VisitLeaf | ActivityLeaf) and all(
        getattr(leaf, name) is None for name in _COUNT_AND_WINDOW_KEYS
    )


def count_range(leaf: EventLeaf) -> CountRange:
    """How often; at least once where nothing is said. Raises ConditionRefused."""
    if leaf.never is not None:
        if leaf.count is not None:
            raise ConditionRefused("is count: {eq: 0}; leave one of the two out", ("never",))
        return CountRange(0, 0)
    if leaf.count is None:
        return CountRange(1, None)
    return _to_range(leaf.count)


def _to_range(count: CountOperators) -> CountRange:
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


def compile_window(leaf: EventLeaf, context: CompilerContext) -> tuple[CountWindow, list[Any]]:
    """The window of a leaf, and what tells it from others. Raises ConditionRefused."""
    begins, ends = _window_ages(leaf)
    since = _bound(leaf, "since")
    until = _bound(leaf, "until")
    edges = [edge for edge in (since, until) if edge is not None]
    if any(edge.is_relative for edge in edges) or (edges and leaf.in_zone == "contact"):
        shape = [begins, ends, leaf.since, leaf.until, leaf.in_zone, str(context.zone)]
        return CalendarWindow(begins, ends, since, until, context.zone), shape
    first = None if since is None else since.resolve(0, context.zone)
    last = None if until is None else until.resolve(0, context.zone) - 1
    return RollingWindow(begins, ends, first, last), [begins, ends, first, last]


def _window_ages(leaf: EventLeaf) -> tuple[int | None, int]:
    if leaf.between_ago is None:
        return leaf.within, 0
    if leaf.within is not None:
        raise ConditionRefused("stands beside within; one window of this kind is enough", ("between_ago",))
    begins, ends = leaf.between_ago
    if begins <= ends:
        raise ConditionRefused("wants the longer time first, such as [30d, 7d]", ("between_ago",))
    return begins, ends


def _bound(leaf: EventLeaf, name: str) -> DateBound | None:
    text = leaf.since if name == "since" else leaf.until
    if text is None:
        return None
    try:
        value = parse_date_value(text)
    except ConditionRefused as refusal:
        raise refusal.with_prefix(name) from None
    return value.start if name == "since" else value.end
