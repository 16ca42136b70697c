"""`sum` and `average` of a number that matching events in the window carry.

Each event that has such a number adds one value. Sums are whole millionths, and an average is compared as sum against
operand times number of values, so nothing is lost. Where an event that was inside once stays inside (no window, or
fixed dates only), the sum and the number of values are all that is stored; else each value with its instant is.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate
from typing import Literal
from zoneinfo import ZoneInfo

from schemas.conditions import ActivityLeaf, AmountOperators, VisitLeaf
from schemas.values import MILLION
from streams.engine.conditions.activities.counts import compile_window
from streams.engine.conditions.activities.event_fields import property_reader
from streams.engine.conditions.activities.event_filters import EventFilter, compile_event_filter
from streams.engine.conditions.activities.event_values import (
    EventValues,
    amount_of,
    insert_value,
    instants_of,
    merge_values,
    newer_half,
    values_of,
)
from streams.engine.conditions.activities.windows import MOST_INSTANTS, CountWindow
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.dates.zones import ZoneRule
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.leaf_keys import leaf_key
from streams.engine.conditions.protocols import Activity, EvaluationContext, Node

AmountName = Literal["sum", "average"]

AmountTest = Callable[[int, int], bool]
"""Tests a total (millionths) of so many values."""

_COMPARISONS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le, "eq": operator.eq}


class ValueCounter:
    """Maintains the values of matching events that the window may hold: the newest `MOST_INSTANTS`."""

    __slots__ = ("_values", "_window", "key")
    limit = 2 * MOST_INSTANTS
    lossy = True
    drops_late = False
    counts_every_match = False

    def __init__(self, key: str, values: EventValues, window: CountWindow) -> None:
        self.key = key
        self._values = values
        self._window = window

    @property
    def event_filters(self) -> tuple[EventFilter, ...]:
        """The filter that a counted event passes."""
        return (self._values.event_filter,)

    def matches(self, activity: Activity) -> bool:
        """Whether the event passes the filter and has a number."""
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
        start, _, end = self._window.stored_range(instants_of(state), now)
        return state[2 * max(start, end - MOST_INSTANTS) : 2 * end]


class TotalCounter:
    """Maintains [number of values, their sum in millionths] for a window that events never leave: exact."""

    __slots__ = ("_values", "_window", "key")
    limit = 2
    lossy = False
    drops_late = False
    counts_every_match = False

    def __init__(self, key: str, values: EventValues, window: CountWindow) -> None:
        self.key = key
        self._values = values
        self._window = window

    @property
    def event_filters(self) -> tuple[EventFilter, ...]:
        """The filter that a counted event passes."""
        return (self._values.event_filter,)

    def matches(self, activity: Activity) -> bool:
        """Whether the event passes the filter and has a number."""
        return self._values.matches(activity)

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:
        start, _, end = self._window.stored_range([activity.at], now)
        return self.merge(state, [1, self._values.value_of(activity)] if start < end else [], now)

    def drop_older_half(self, state: list[int]) -> list[int]:
        """Returns the state unchanged: a sum has no older half."""
        return list(state)

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:  # noqa: ARG002 - shared signature
        """Returns both together."""
        if not earlier or not later:
            return list(earlier or later)
        return [earlier[0] + later[0], earlier[1] + later[1]]

    def earliest_needed(self, now: int) -> int | None:
        """Returns where the window begins."""
        return self._window.earliest_instant(now)


class ValuesNode:
    """The sum or the average of the values in the window passes the test."""

    __slots__ = ("_key", "_test", "_window", "_zone_rule")

    def __init__(self, key: str, window: CountWindow, test: AmountTest, zone_rule: ZoneRule) -> None:
        self._key = key
        self._window = window
        self._test = test
        self._zone_rule = zone_rule

    def holds(self, context: EvaluationContext) -> bool:
        contact = context.contact
        state = contact.counts.get(self._key, [])
        return self._test(*amount_inside(state, self._window, context.now, self._zone_rule.zone_for(contact)))

    def due(self, context: EvaluationContext) -> int | None:
        contact = context.contact
        state = contact.counts.get(self._key)
        if not state:
            return None
        sums = [0, *accumulate(values_of(state))]
        zone = self._zone_rule.zone_for(contact)
        return self._window.due(
            instants_of(state),
            context.now,
            zone,
            lambda start, end: self._test(sums[end] - sums[start], end - start),
        )


class TotalNode:
    """The sum or the average of all values passes the test; time alone never changes it."""

    __slots__ = ("_key", "_test")

    def __init__(self, key: str, test: AmountTest) -> None:
        self._key = key
        self._test = test

    def holds(self, context: EvaluationContext) -> bool:
        count, total = context.contact.counts.get(self._key) or (0, 0)
        return self._test(total, count)

    def due(self, context: EvaluationContext) -> int | None:  # noqa: ARG002 - shared signature
        return None


def compile_amount(name: AmountName, leaf: VisitLeaf | ActivityLeaf, context: CompilerContext) -> Node:
    """Compiles the sum or the average of a leaf. Raises ConditionRefused."""
    operators: AmountOperators | None = getattr(leaf, name)
    assert operators is not None
    event_filter = compile_event_filter(leaf, context)
    test = _amount_test(name, operators)
    window, key_part = compile_window(leaf, context)
    values = EventValues(event_filter, property_reader(operators.of), amount_of)
    counter_type = TotalCounter if window.is_permanent else ValueCounter
    key = leaf_key("amount", event_filter.name, event_filter.fields, operators.of, key_part, event_filter.zone)
    context.counters.setdefault(key, counter_type(key, values, window))
    if window.is_permanent:
        return TotalNode(key, test)
    return ValuesNode(key, window, test, context.zone_rule(leaf.in_zone))


def amount_inside(state: list[int], window: CountWindow, now: int, zone: ZoneInfo) -> tuple[int, int]:
    """Returns the sum (millionths) and the number of the values inside, from the state of a leaf with that window."""
    if not state:
        return 0, 0
    if window.is_permanent:
        return state[1], state[0]
    start, end = window.range_inside(instants_of(state), now, zone)
    return sum(values_of(state)[start:end]), end - start


def _amount_test(name: AmountName, operators: AmountOperators) -> AmountTest:
    """Returns the test of a sum, 0 without any value, or of an average, which is missing then."""
    passes = _exact_test(name, operators)
    if name == "sum":
        return lambda total, count: passes(total, 1)  # noqa: ARG005 - shared signature
    return lambda total, count: count > 0 and passes(total, count)


def _exact_test(name: AmountName, operators: AmountOperators) -> AmountTest:
    """Returns whether total / count passes all operators, computed without a division."""
    bounds: list[tuple[Callable[[int, int], bool], int, int]] = []
    for key, compare in _COMPARISONS.items():
        operand = getattr(operators, key)
        if operand is not None:
            bounds.append((compare, *_millionths(operand)))
    if operators.between is not None:
        lower, upper = operators.between
        bounds += [(operator.ge, *_millionths(lower)), (operator.le, *_millionths(upper))]
    if not bounds:
        raise ConditionRefused("an operator is missing; write eq, gt, gte, lt, lte or between", (name,))
    return lambda total, count: all(
        compare(total * denominator, numerator * count) for compare, numerator, denominator in bounds
    )


def _millionths(operand: float) -> tuple[int, int]:
    """Returns an operand in millionths as numerator and denominator; a float counts as its shortest decimal form."""
    exact = Fraction(repr(operand)) * MILLION
    return exact.numerator, exact.denominator
