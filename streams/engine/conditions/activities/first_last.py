"""`first` and `last`: the earliest or latest matching event ever lies in the window and passes another filter.

Which event that is does not depend on the window, so the state is its instant and whether it passes the other filter.
"""

from __future__ import annotations

from typing import Literal

from schemas.conditions import ActivityLeaf, VisitLeaf
from streams.engine.conditions.activities.counts import compile_window
from streams.engine.conditions.activities.event_filters import (
    EventFilter,
    compile_event_filter,
    compile_extra_filter,
)
from streams.engine.conditions.activities.windows import CountRange, CountWindow
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.dates.zones import ZoneRule
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.leaf_keys import leaf_key
from streams.engine.conditions.protocols import Activity, EvaluationContext, Node
from streams.engine.conditions.tree import AllNode

FirstOrLast = Literal["first", "last"]

_AT_LEAST_ONE = CountRange(1, None)


class FirstLastCounter:
    """Maintains the state of one `first` or `last`: [instant (ms), 1 if its event passes the other filter or 0]."""

    __slots__ = ("_event_filter", "_extra_filter", "_which", "key")
    limit = 2
    lossy = False
    drops_late = True
    counts_every_match = True

    def __init__(self, key: str, which: FirstOrLast, event_filter: EventFilter, extra_filter: EventFilter) -> None:
        self.key = key
        self._which = which
        self._event_filter = event_filter
        self._extra_filter = extra_filter

    @property
    def event_filters(self) -> tuple[EventFilter, ...]:
        """The filter that it looks for."""
        return (self._event_filter,)

    def matches(self, activity: Activity) -> bool:
        return self._event_filter.matches(activity)

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:  # noqa: ARG002 - shared signature
        if state and not self._replaces(activity.at, state[0]):
            return list(state)
        return [activity.at, int(self._extra_filter.matches(activity))]

    def drop_older_half(self, state: list[int]) -> list[int]:
        """Returns the state unchanged: one event has no older half."""
        return list(state)

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:  # noqa: ARG002 - shared signature
        """Returns one of the two, as if the later one arrived now."""
        if not earlier or not later:
            return list(earlier or later)
        return list(later if self._replaces(later[0], earlier[0]) else earlier)

    def earliest_needed(self, now: int) -> int | None:  # noqa: ARG002 - shared signature
        """Returns None: the first or the latest event ever counts, since leaves with any window share the state."""
        return None

    def _replaces(self, at: int, current: int) -> bool:
        """Whether a new event replaces the one at `current`; among equal instants the new one is the later."""
        return at < current if self._which == "first" else at >= current


class FirstLastNode:
    """The first or the latest event lies in the window and passes the other filter."""

    __slots__ = ("_key", "_window", "_zone_rule")

    def __init__(self, key: str, window: CountWindow, zone_rule: ZoneRule) -> None:
        self._key = key
        self._window = window
        self._zone_rule = zone_rule

    def holds(self, context: EvaluationContext) -> bool:
        instants = self._instants(context)
        return (
            bool(instants)
            and self._window.count_inside(instants, context.now, self._zone_rule.zone_for(context.contact)) == 1
        )

    def due(self, context: EvaluationContext) -> int | None:
        instants = self._instants(context)
        if not instants:
            return None
        zone = self._zone_rule.zone_for(context.contact)
        return self._window.due(instants, context.now, zone, _AT_LEAST_ONE.holds_range)

    def _instants(self, context: EvaluationContext) -> list[int]:
        """Returns the instant when its event passes the other filter, else nothing."""
        state = context.contact.counts.get(self._key)
        return state[:1] if state and state[1] else []


def compile_first_last(leaf: VisitLeaf | ActivityLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf with `first`, `last` or both, which must then both hold. Raises ConditionRefused."""
    nodes: list[Node] = []
    for which in _first_last_keys(leaf):
        for name in ("count", "never"):
            if getattr(leaf, name) is not None:
                raise ConditionRefused("speaks of one event: it cannot stand beside a count", (which,))
        nodes.append(_compile_one(which, leaf, context))
    return nodes[0] if len(nodes) == 1 else AllNode(tuple(nodes))


def _first_last_keys(leaf: VisitLeaf | ActivityLeaf) -> list[FirstOrLast]:
    keys: list[FirstOrLast] = []
    if leaf.first is not None:
        keys.append("first")
    if leaf.last is not None:
        keys.append("last")
    return keys


def _compile_one(which: FirstOrLast, leaf: VisitLeaf | ActivityLeaf, context: CompilerContext) -> Node:
    fields = leaf.first if which == "first" else leaf.last
    event_filter = compile_event_filter(leaf, context)
    extra_filter = compile_extra_filter(which, fields if isinstance(fields, dict) else {}, context)
    window, _ = compile_window(leaf, context)
    key = leaf_key(
        which, event_filter.name, event_filter.fields, extra_filter.fields, event_filter.zone or extra_filter.zone
    )
    context.counters.setdefault(key, FirstLastCounter(key, which, event_filter, extra_filter))
    return FirstLastNode(key, window, context.zone_rule(leaf.in_zone))
