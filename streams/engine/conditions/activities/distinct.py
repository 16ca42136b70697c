"""`distinct`: how many different values of a field matching events in the window carry.

Of equal values that are inside for certain only the latest decides, because it leaves last; k values that are inside
decide the result (`CountRange.deciding_count`). So windows that events enter at once need k of them: exact. In other
windows every event waits that has yet to enter, `MOST_INSTANTS` altogether.
"""

from __future__ import annotations

from collections import Counter

from schemas.conditions import ActivityLeaf, VisitLeaf
from streams.engine.conditions.activities.counts import compile_window, operators_to_range
from streams.engine.conditions.activities.event_fields import field_reader
from streams.engine.conditions.activities.event_filters import EventFilter, compile_event_filter
from streams.engine.conditions.activities.event_values import (
    EventValues,
    identity_of,
    insert_value,
    instants_of,
    merge_values,
    newer_half,
    values_of,
)
from streams.engine.conditions.activities.windows import MOST_INSTANTS, CountRange, CountWindow
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.dates.zones import ZoneRule
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.leaf_keys import leaf_key
from streams.engine.conditions.protocols import Activity, EvaluationContext, Node


class DistinctCounter:
    """Maintains the instants at which different values were last seen inside, and those that have yet to enter."""

    __slots__ = ("_deciding_count", "_values", "_window", "key", "limit", "lossy")
    drops_late = False
    counts_every_match = False

    def __init__(self, key: str, values: EventValues, window: CountWindow, deciding_count: int) -> None:
        self.key = key
        self.lossy = window.lossy
        self.limit = 2 * (MOST_INSTANTS if window.lossy else deciding_count)
        self._values = values
        self._window = window
        self._deciding_count = deciding_count

    @property
    def event_filters(self) -> tuple[EventFilter, ...]:
        """The filter that a counted event passes."""
        return (self._values.event_filter,)

    def matches(self, activity: Activity) -> bool:
        """Whether the event passes the filter and has a value."""
        return self._values.matches(activity)

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:
        return self._prune(insert_value(state, activity.at, self._values.value_of(activity)), now)

    def drop_older_half(self, state: list[int]) -> list[int]:
        """Returns the newer half of the values."""
        return newer_half(state)

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """Returns the values of both that may still matter."""
        return self._prune(merge_values(earlier, later), now)

    def earliest_needed(self, now: int) -> int | None:
        """Returns where the window begins."""
        return self._window.earliest_instant(now)

    def _prune(self, state: list[int], now: int) -> list[int]:
        """Returns the latest k of different values inside, and all that have yet to enter."""
        start, entry_index, end = self._window.stored_range(instants_of(state), now)
        inside = state[2 * start : 2 * max(start, entry_index)]
        kept: dict[int, int] = {}  # value -> its latest instant, the newest first
        for at, value in zip(inside[-2::-2], inside[-1::-2], strict=True):
            if len(kept) == self._deciding_count:
                break
            kept.setdefault(value, at)
        result = [number for value, at in reversed(kept.items()) for number in (at, value)]
        result += state[2 * max(start, entry_index) : 2 * end]
        return result[-2 * MOST_INSTANTS :]


class _DistinctCount:
    """Counts the different values of an index range whose ends never go down from one call to the next."""

    __slots__ = ("_end", "_inside", "_start", "_values")

    def __init__(self, values: list[int]) -> None:
        self._values = values
        self._start = self._end = 0
        self._inside: Counter[int] = Counter()

    def count(self, start: int, end: int) -> int:
        self._inside.update(self._values[self._end : end])
        for value in self._values[self._start : start]:
            self._inside[value] -= 1
            if not self._inside[value]:
                del self._inside[value]
        self._start, self._end = start, end
        return len(self._inside)


class DistinctNode:
    """The number of different values in the window lies in the target range."""

    __slots__ = ("_key", "_target", "_window", "_zone_rule")

    def __init__(self, key: str, window: CountWindow, target: CountRange, zone_rule: ZoneRule) -> None:
        self._key = key
        self._window = window
        self._target = target
        self._zone_rule = zone_rule

    def holds(self, context: EvaluationContext) -> bool:
        contact = context.contact
        state = contact.counts.get(self._key)
        if not state:
            return self._target.holds(0)
        zone = self._zone_rule.zone_for(contact)
        start, end = self._window.range_inside(instants_of(state), context.now, zone)
        return self._target.holds(len(set(values_of(state)[start:end])))

    def due(self, context: EvaluationContext) -> int | None:
        contact = context.contact
        state = contact.counts.get(self._key)
        if not state:
            return None
        distinct = _DistinctCount(values_of(state))
        zone = self._zone_rule.zone_for(contact)
        return self._window.due(
            instants_of(state),
            context.now,
            zone,
            lambda start, end: self._target.holds(distinct.count(start, end)),
        )


def compile_distinct(leaf: VisitLeaf | ActivityLeaf, context: CompilerContext) -> Node:
    """Compiles the number of different values of a leaf. Raises ConditionRefused."""
    operators = leaf.distinct
    assert operators is not None
    event_filter = compile_event_filter(leaf, context)
    target = operators_to_range(operators, "distinct")
    if target.deciding_count > MOST_INSTANTS:
        raise ConditionRefused(f"counts up to {MOST_INSTANTS - 1} different values", ("distinct",))
    window, key_part = compile_window(leaf, context)
    read, _ = field_reader(operators.of, context.scope.engine_version)
    key = leaf_key(
        *("distinct", event_filter.name, event_filter.fields, operators.of),
        *(key_part, target.deciding_count, event_filter.zone),
    )
    values = EventValues(event_filter, read, identity_of)
    context.counters.setdefault(key, DistinctCounter(key, values, window, target.deciding_count))
    return DistinctNode(key, window, target, context.zone_rule(leaf.in_zone))
