"""Compiles visit and activity leaves that count how often a matching event happened in a window.

Identical leaves share their state. Its key is a hash of visit or activity, filter, window and the number of instants
that decides the count; `streams.engine.conditions.activities.windows` describes which instants are stored.
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

_AMOUNT_AND_WINDOW_KEYS = (
    *("count", "never", "sum", "average", "distinct"),
    *("within", "between_ago", "since", "until", "first", "last", "regular"),
)


class FilteredCounter:
    """Maintains the state of one counting leaf: the instants (ms) of matching events, ascending."""

    __slots__ = ("_deciding_count", "_event_filter", "_keeps_newest", "_max_age", "_window", "key", "limit", "lossy")
    drops_late = False
    counts_every_match = True

    def __init__(self, key: str, event_filter: EventFilter, window: CountWindow, deciding_count: int) -> None:
        self.key = key
        self.lossy = window.lossy
        self.limit = MOST_INSTANTS if window.lossy else deciding_count
        self._event_filter = event_filter
        self._window = window
        self._deciding_count = deciding_count
        self._keeps_newest = window.has_age_only and deciding_count > 0
        self._max_age = window.max_age

    @property
    def event_filters(self) -> tuple[EventFilter, ...]:
        """The filter that it counts by."""
        return (self._event_filter,)

    def matches(self, activity: Activity) -> bool:
        """Whether the event matches the filter; the window decides whether its instant counts."""
        return self._event_filter.matches(activity)

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:
        """Returns a new list: `state` with the event's instant, without those that no window can hold any more."""
        at = activity.at
        if not state or at >= state[-1]:
            instants = [*state, at]
            if self._keeps_newest:  # most windows: the oldest instant tells whether there is more to drop
                if len(instants) > self._deciding_count:
                    instants = instants[-self._deciding_count :]
                max_age = self._max_age
                if max_age is None or instants[0] > now - max_age:
                    return instants
            return self._window.prune(instants, now, self._deciding_count)
        index = bisect_right(state, at)
        return self._window.prune([*state[:index], at, *state[index:]], now, self._deciding_count)

    def drop_older_half(self, state: list[int]) -> list[int]:
        """Returns the newer half."""
        return state[(len(state) + 1) // 2 :]

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """Returns the instants of both that may still matter; the journal's order makes no difference."""
        return self._window.prune(sorted([*earlier, *later]), now, self._deciding_count)

    def earliest_needed(self, now: int) -> int | None:
        """Returns where the window begins."""
        return self._window.earliest_instant(now)


class CountNode:
    """The count in the window lies in the target range."""

    __slots__ = ("_key", "_target", "_window", "_zone_rule", "required_counter")

    def __init__(self, key: str, window: CountWindow, target: CountRange, zone_rule: ZoneRule) -> None:
        self._key = key
        self._window = window
        self._target = target
        self._zone_rule = zone_rule
        self.required_counter = None if target.holds(0) else key
        """The counter without whose events it never holds; None where it holds without any event."""

    def holds(self, context: EvaluationContext) -> bool:
        contact = context.contact
        instants = contact.counts.get(self._key)
        if not instants:
            return self._target.holds(0)
        return self._target.holds(self._window.count_inside(instants, context.now, self._zone_rule.zone_for(contact)))

    def due(self, context: EvaluationContext) -> int | None:
        contact = context.contact
        instants = contact.counts.get(self._key)
        if not instants:
            return None
        zone = self._zone_rule.zone_for(contact)
        return self._window.due(instants, context.now, zone, self._target.holds_range)


def compile_count(leaf: EventLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf that counts. Raises ConditionRefused."""
    event_filter = compile_event_filter(leaf, context)
    target = count_range(leaf)
    if target.deciding_count > MOST_INSTANTS:
        raise ConditionRefused(f"counts go up to {MOST_INSTANTS - 1}", ("count",))
    window, key_part = compile_window(leaf, context)
    key = leaf_key(event_filter.name, event_filter.fields, key_part, target.deciding_count, event_filter.zone)
    context.counters.setdefault(key, FilteredCounter(key, event_filter, window, target.deciding_count))
    return CountNode(key, window, target, context.zone_rule(leaf.in_zone))


def is_filter_only(leaf: object) -> bool:
    """Whether the leaf has a filter only: no count or other amount, no window, nothing else."""
    return isinstance(leaf, VisitLeaf | ActivityLeaf) and all(
        getattr(leaf, name) is None for name in _AMOUNT_AND_WINDOW_KEYS
    )


def count_range(leaf: EventLeaf) -> CountRange:
    """Returns how often events must happen: without `count` or `never` at least once. Raises ConditionRefused."""
    if leaf.never is not None:
        if leaf.count is not None:
            raise ConditionRefused("is count: {eq: 0}; leave one of the two out", ("never",))
        return CountRange(0, 0)
    if leaf.count is None:
        return CountRange(1, None)
    return operators_to_range(leaf.count, "count")


def operators_to_range(count: CountOperators, key: str) -> CountRange:
    """Returns the range of whole numbers that meet all operators of the `key`. Raises ConditionRefused."""
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
        raise ConditionRefused("an operator is missing; write eq, gt, gte, lt, lte or between", (key,))
    return CountRange(max(least), min(most) if most else None)


def compile_window(leaf: EventLeaf, context: CompilerContext) -> tuple[CountWindow, list[Any]]:
    """Returns the window of a leaf, and its part of the leaf's key. Raises ConditionRefused."""
    max_age, min_age = _window_ages(leaf)
    since = _bound(leaf, "since")
    until = _bound(leaf, "until")
    bounds = [bound for bound in (since, until) if bound is not None]
    if any(bound.is_relative for bound in bounds) or (bounds and leaf.in_zone == "contact"):
        key_part = [max_age, min_age, leaf.since, leaf.until, leaf.in_zone, str(context.zone)]
        return CalendarWindow(max_age, min_age, since, until, context.zone), key_part
    first = None if since is None else since.resolve(0, context.zone)
    last = None if until is None else until.resolve(0, context.zone) - 1
    return RollingWindow(max_age, min_age, first, last), [max_age, min_age, first, last]


def _window_ages(leaf: EventLeaf) -> tuple[int | None, int]:
    """Returns how old (ms) an event inside the window may be at most (None: of any age) and at least."""
    if leaf.between_ago is None:
        return leaf.within, 0
    if leaf.within is not None:
        raise ConditionRefused("stands beside within; one window of this kind is enough", ("between_ago",))
    max_age, min_age = leaf.between_ago
    if max_age <= min_age:
        raise ConditionRefused("wants the longer time first, such as [30d, 7d]", ("between_ago",))
    return max_age, min_age


def _bound(leaf: EventLeaf, name: str) -> DateBound | None:
    text = leaf.since if name == "since" else leaf.until
    if text is None:
        return None
    try:
        value = parse_date_value(text)
    except ConditionRefused as refusal:
        raise refusal.with_prefix(name) from None
    return value.start if name == "since" else value.end
