"""Describes what `sum`, `average` and `distinct` of a leaf come to, and the values that they take of an event."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from schemas.conditions import ActivityLeaf, VisitLeaf
from schemas.values import instant_text, points_from_millionths
from streams.engine.conditions.activities.aggregates import aggregates_of
from streams.engine.conditions.activities.amounts import amount_inside
from streams.engine.conditions.activities.counts import compile_window
from streams.engine.conditions.activities.event_fields import field_reader
from streams.engine.conditions.activities.event_values import instants_of, values_of
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.protocols import Activity
from streams.explain.tree import ConditionLeaf
from streams.store.contact_view import ContactView


def aggregate_facts(leaf: ConditionLeaf, view: ContactView, most_instants: int) -> dict[str, Any]:
    """Returns each aggregate's value in the window (an average without values is null), and the latest instants.

    Of sums that events never leave the instants are not kept, so there are none.
    """
    condition: VisitLeaf | ActivityLeaf = leaf.condition
    context = CompilerContext(leaf.compile_scope)
    window, _ = compile_window(condition, context)
    zone = context.zone_rule(condition.in_zone).zone_for(view.contact)
    facts: dict[str, Any] = {}
    instants: set[int] = set()
    for name in aggregates_of(condition):
        state = _state_of(name, leaf, view)
        if name != "distinct":
            total, count = amount_inside(state, window, view.now, zone)
            facts["values"] = count
            facts[name] = _sum_or_average(name, total, count)
            if window.is_permanent:
                continue
        start, end = window.range_inside(instants_of(state), view.now, zone)
        instants.update(instants_of(state)[start:end])
        if name == "distinct":
            facts[name] = len(set(values_of(state)[start:end]))
    if instants:
        facts["instants"] = [instant_text(instant) for instant in sorted(instants)[-most_instants:]]
    return facts


def aggregated_values(leaf: ConditionLeaf, activity: Activity) -> dict[str, Any]:
    """Returns field -> the event's value that an aggregate of the leaf takes; empty for a leaf without any."""
    condition = leaf.condition
    if not isinstance(condition, VisitLeaf | ActivityLeaf):
        return {}
    fields = [getattr(condition, name).of for name in aggregates_of(condition)]
    return {field: field_reader(field, leaf.compile_scope.engine_version)[0](activity) for field in fields}


def _state_of(name: str, leaf: ConditionLeaf, view: ContactView) -> list[int]:
    others = {other: None for other in aggregates_of(leaf.condition) if other != name}
    compiled = compile_condition(leaf.condition.model_copy(update=others), leaf.compile_scope)
    return view.contact.counts.get(compiled.counters[0].key, [])


def _sum_or_average(name: str, total: int, count: int) -> int | float | None:
    """Returns the amount as outputs write points: to 0.000001, rounded half-even."""
    if name == "sum":
        return points_from_millionths(total)
    return points_from_millionths(round(Fraction(total, count))) if count else None
