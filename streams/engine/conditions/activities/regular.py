"""`regular`: a matching event happened, `times` times, in at least so many of the last periods, back from now.

Period i holds (now - (i + 1) * each, now - i * each]. The state is the instants in all periods. Of three that lie no
further apart than one period the middle one is redundant where once is enough: every period that holds it also holds
one of the others, now and later. With `times` an instant is redundant when every period that holds it also holds
`times` others. So at most 2 * times per period are stored, and the result stays exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

from schemas.conditions import ActivityLeaf, Regular, VisitLeaf
from streams.engine.conditions.activities.event_filters import EventFilter, compile_event_filter
from streams.engine.conditions.activities.windows import MOST_INSTANTS
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.leaf_keys import leaf_key
from streams.engine.conditions.protocols import Activity, EvaluationContext, Node

_CONFLICTING_KEYS = ("count", "never", "within", "between_ago", "since", "until", "first", "last")


@dataclass(frozen=True, slots=True)
class Periods:
    """The last `count` periods of length `length` (ms); one is filled when it happened `times` times in it."""

    count: int
    length: int
    times: int = 1

    @property
    def total_length(self) -> int:
        """The length of all periods together (ms)."""
        return self.count * self.length

    def instants_inside(self, instants: list[int], now: int) -> list[int]:
        """Returns those that lie in any of the periods; instants are ascending, and none is after now."""
        return instants[bisect_right(instants, now - self.total_length) :]

    def count_by_period(self, instants: list[int], now: int) -> Counter[int]:
        """Returns period -> how many of the instants it holds; the present period is 0."""
        return Counter((now - at) // self.length for at in instants)

    def count_filled(self, counts: Counter[int]) -> int:
        """Returns how many of the periods are filled; `counts` has no period without instants."""
        return len(counts) if self.times == 1 else sum(count >= self.times for count in counts.values())

    def drop_redundant(self, instants: list[int]) -> list[int]:
        """Returns the instants without the redundant ones."""
        return self._drop_middle(instants) if self.times == 1 else self._drop_crowded(instants)

    def _drop_middle(self, instants: list[int]) -> list[int]:
        """Returns them without equal ones, and without the middle one of three within one length."""
        result: list[int] = []
        for at in instants:
            if result and result[-1] == at:
                continue
            if len(result) > 1 and at - result[-2] <= self.length:
                result[-1] = at
            else:
                result.append(at)
        return result

    def _drop_crowded(self, instants: list[int]) -> list[int]:
        """Returns them without those that have `times` others in every period that holds them.

        A period with this instant and fewer than `times` others lies, for some n from 1 to `times`, between the n-th
        after it and the (times + 1 - n)-th before it: there is none where all of these pairs are too close.
        """
        result: list[int] = []
        for at in instants:
            result.append(at)
            middle = len(result) - 1 - self.times
            if middle >= self.times and all(
                result[middle + after] - result[middle + after - self.times - 1] <= self.length
                for after in range(1, self.times + 1)
            ):
                del result[middle]
        return result


class RegularCounter:
    """Maintains the state of one `regular`: ascending instants (ms) that decide which periods are filled."""

    __slots__ = ("_event_filter", "_periods", "key", "limit")
    lossy = False
    drops_late = False
    counts_every_match = True

    def __init__(self, key: str, event_filter: EventFilter, periods: Periods) -> None:
        self.key = key
        self.limit = 2 * periods.times * periods.count
        self._event_filter = event_filter
        self._periods = periods

    @property
    def event_filters(self) -> tuple[EventFilter, ...]:
        """The filter that it counts by."""
        return (self._event_filter,)

    def matches(self, activity: Activity) -> bool:
        return self._event_filter.matches(activity)

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:
        index = bisect_right(state, activity.at)
        instants = [*state[:index], activity.at, *state[index:]]
        return self._periods.drop_redundant(self._periods.instants_inside(instants, now))

    def drop_older_half(self, state: list[int]) -> list[int]:
        """Returns the newer half."""
        return state[(len(state) + 1) // 2 :]

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """Returns the instants of both that may still matter; the journal's order makes no difference."""
        return self._periods.drop_redundant(self._periods.instants_inside(sorted([*earlier, *later]), now))

    def earliest_needed(self, now: int) -> int | None:
        """Returns where the oldest period begins."""
        return now - self._periods.total_length


class RegularNode:
    """At least so many of the periods hold an event."""

    __slots__ = ("_at_least", "_key", "_periods")

    def __init__(self, key: str, periods: Periods, at_least: int) -> None:
        self._key = key
        self._periods = periods
        self._at_least = at_least

    def holds(self, context: EvaluationContext) -> bool:
        inside = self._instants_inside(context)
        return self._periods.count_filled(self._periods.count_by_period(inside, context.now)) >= self._at_least

    def due(self, context: EvaluationContext) -> int | None:
        inside = self._instants_inside(context)
        if len(inside) < self._at_least * self._periods.times:
            return None
        return self._next_change(inside, context.now)

    def _instants_inside(self, context: EvaluationContext) -> list[int]:
        return self._periods.instants_inside(context.contact.counts.get(self._key, []), context.now)

    def _next_change(self, instants: list[int], now: int) -> int:
        """Returns when the result may change next.

        Within the length of one period each instant moves to the next period once. When none of these moves changes
        the result, the same moves repeat until the oldest instant leaves.
        """
        periods = self._periods
        counts = periods.count_by_period(instants, now)
        filled = periods.count_filled(counts)
        result = filled >= self._at_least
        moves: dict[int, list[int]] = {}
        for at in instants:
            period = (now - at) // periods.length
            moves.setdefault(at + (period + 1) * periods.length, []).append(period)
        for at_move in sorted(moves):
            for period in moves[at_move]:
                filled += self._move_to_next_period(counts, period)
            if (filled >= self._at_least) != result:
                return at_move
        return max(instants[0] + periods.total_length, *moves)

    def _move_to_next_period(self, counts: Counter[int], period: int) -> int:
        """Moves one instant of a period, and returns by how many the filled periods grow."""
        times = self._periods.times
        growth = -1 if counts[period] == times else 0
        counts[period] -= 1
        if period + 1 < self._periods.count:
            counts[period + 1] += 1
            growth += counts[period + 1] == times
        return growth


def compile_regular(leaf: VisitLeaf | ActivityLeaf, regular: Regular, context: CompilerContext) -> Node:
    """Compiles a leaf with `regular`. Raises ConditionRefused when it makes no sense or also has a window."""
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
    if regular.of * regular.times > MOST_INSTANTS:
        message = f"needs too much to be kept: of and times multiply to at most {MOST_INSTANTS}"
        raise ConditionRefused(message, ("regular", "times"))
    event_filter = compile_event_filter(leaf, context)
    times = () if regular.times == 1 else (regular.times,)
    key = leaf_key(
        "regular", event_filter.name, event_filter.fields, event_filter.zone, regular.of, regular.each, *times
    )
    periods = Periods(regular.of, regular.each, regular.times)
    context.counters.setdefault(key, RegularCounter(key, event_filter, periods))
    return RegularNode(key, periods, regular.at_least)
