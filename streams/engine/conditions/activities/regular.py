"""`regular`: something happened in so many of the last periods, counted back from now.

Period i holds (now - (i + 1) * each, now - i * each]. What is kept are instants of the whole stretch. Of three that
lie no further apart than a period the one in the middle says nothing: every period that holds it holds one of the
others, now and at every later instant. So at most two per period are kept, and the truth stays exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

from schemas.conditions import ActivityLeaf, Regular, VisitLeaf
from streams.engine.conditions.activities.event_filters import EventFilter, compile_event_filter
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.leaf_keys import leaf_key
from streams.engine.conditions.protocols import Activity, EvaluationContext, Node

_CONFLICTING_KEYS = ("count", "never", "within", "between_ago", "since", "until", "first", "last")


@dataclass(frozen=True, slots=True)
class Periods:
    """The last `count` periods of length `length` (ms)."""

    count: int
    length: int

    @property
    def total_length(self) -> int:
        """All of them together (ms)."""
        return self.count * self.length

    def instants_inside(self, instants: list[int], now: int) -> list[int]:
        """Those that lie in any of the periods; instants are ascending and none is after now."""
        return instants[bisect_right(instants, now - self.total_length) :]

    def count_by_period(self, instants: list[int], now: int) -> Counter[int]:
        """Period -> how many of the instants it holds; the present one is 0."""
        return Counter((now - at) // self.length for at in instants)

    def drop_redundant(self, instants: list[int]) -> list[int]:
        """The same without those that say nothing."""
        kept: list[int] = []
        for at in instants:
            if kept and kept[-1] == at:
                continue
            if len(kept) > 1 and at - kept[-2] <= self.length:
                kept[-1] = at
            else:
                kept.append(at)
        return kept


class RegularCounter:
    """Keeps the instants that say which periods are filled, now and later."""

    __slots__ = ("_event_filter", "_periods", "key", "limit")
    lossy = False
    drops_late = False

    def __init__(self, key: str, event_filter: EventFilter, periods: Periods) -> None:
        self.key = key
        self.limit = 2 * periods.count
        self._event_filter = event_filter
        self._periods = periods

    def matches(self, activity: Activity) -> bool:
        return self._event_filter.matches(activity)

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:
        place = bisect_right(state, activity.at)
        instants = [*state[:place], activity.at, *state[place:]]
        return self._periods.drop_redundant(self._periods.instants_inside(instants, now))

    def drop_older_half(self, state: list[int]) -> list[int]:
        """Without the older half."""
        return state[(len(state) + 1) // 2 :]

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """Instants say it all, whatever the journal's order."""
        return self._periods.drop_redundant(self._periods.instants_inside(sorted([*earlier, *later]), now))

    def earliest_needed(self, now: int) -> int | None:
        """Where the first of the periods begins."""
        return now - self._periods.total_length


class RegularNode:
    """At least so many of the periods hold something."""

    __slots__ = ("_at_least", "_key", "_periods")

    def __init__(self, key: str, periods: Periods, at_least: int) -> None:
        self._key = key
        self._periods = periods
        self._at_least = at_least

    def holds(self, context: EvaluationContext) -> bool:
        inside = self._instants_inside(context)
        return len(self._periods.count_by_period(inside, context.now)) >= self._at_least

    def due(self, context: EvaluationContext) -> int | None:
        inside = self._instants_inside(context)
        if len(inside) < self._at_least:
            return None
        return self._next_change(inside, context.now)

    def _instants_inside(self, context: EvaluationContext) -> list[int]:
        return self._periods.instants_inside(context.contact.counts.get(self._key, []), context.now)

    def _next_change(self, instants: list[int], now: int) -> int:
        """Within the length of one period each instant passes on to the next period once.

        Where that changes nothing, it goes round the same until the oldest instant leaves.
        """
        periods = self._periods
        filled = periods.count_by_period(instants, now)
        held = len(filled) >= self._at_least
        passings: dict[int, list[int]] = {}
        for at in instants:
            period = (now - at) // periods.length
            passings.setdefault(at + (period + 1) * periods.length, []).append(period)
        for turn in sorted(passings):
            for period in passings[turn]:
                self._move_to_next_period(filled, period)
            if (len(filled) >= self._at_least) != held:
                return turn
        return max(instants[0] + periods.total_length, *passings)

    def _move_to_next_period(self, counts: Counter[int], period: int) -> None:
        counts[period] -= 1
        if not counts[period]:
            del counts[period]
        if period + 1 < self._periods.count:
            counts[period + 1] += 1


def compile_regular(leaf: VisitLeaf | ActivityLeaf, regular: Regular, context: CompilerContext) -> Node:
    """A leaf with `regular`. Raises ConditionRefused for periods that make no sense, and for windows beside them."""
    for name in _CONFLICTING_KEYS:
        if getattr(leaf, name) is not None:
            raise ConditionRefused(
                "stands beside regular, which brings its own periods; use a leaf for each", (name,)
            )
    if regular.each < 1:
        raise ConditionRefused("wants a length of time above zero", ("regular", "each"))
    if regular.at_least > regular.of:
        message = f"is more than the {regular.of} periods there are; it could never hold"
        raise ConditionRefused(message, ("regular", "at_least"))
    subject = compile_event_filter(leaf, context)
    key = leaf_key("regular", subject.name, subject.fields, subject.zone, regular.of, regular.each)
    periods = Periods(regular.of, regular.each)
    context.counters.setdefault(key, RegularCounter(key, subject, periods))
    return RegularNode(key, periods, regular.at_least)
