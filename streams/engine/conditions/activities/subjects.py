"""What a visit or activity leaf speaks of: a filter, and what tells it from others in the key of what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.conditions import ActivityLeaf, Operators, Step, VisitLeaf
from streams.engine.conditions.activities.event_filters import CompiledFilter, compile_filter, filter_uses_dates
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.leaf_keys import operators_to_plain
from streams.engine.conditions.protocols import Activity


@dataclass(frozen=True, slots=True)
class EventFilter:
    """`visit` or `activity` with its filter; `zone` names the account's where the filter depends on it."""

    name: str
    fields: Any
    zone: str | None
    filter: CompiledFilter

    def matches(self, activity: Activity) -> bool:
        """Whether the event is meant."""
        return self.filter.matches(activity)


def compile_event_filter(leaf: VisitLeaf | ActivityLeaf | Step, context: CompilerContext) -> EventFilter:
    """The subject of a leaf or of a step of a sequence. Raises ConditionRefused."""
    visit, activity = getattr(leaf, "visit", None), getattr(leaf, "activity", None)
    if (visit is None) == (activity is None):
        raise ConditionRefused("a step is one of visit and activity")
    return _event_filter("visit" if activity is None else "activity", visit or activity or {}, context)


def compile_extra_filter(key: str, fields: Mapping[str, Operators], context: CompilerContext) -> EventFilter:
    """What the event of a leaf must match besides, written under `key`. Raises ConditionRefused."""
    return _event_filter(key, fields, context)


def _event_filter(name: str, fields: Mapping[str, Operators], context: CompilerContext) -> EventFilter:
    try:
        matching = compile_filter(fields, context.zone, visits_only=name == "visit")
    except ConditionRefused as refusal:
        raise refusal.with_prefix(name) from None
    zone = str(context.zone) if filter_uses_dates(fields) else None
    return EventFilter(
        name, {key: operators_to_plain(operators) for key, operators in fields.items()}, zone, matching
    )
