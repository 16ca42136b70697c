"""What a visit or activity leaf speaks of: a filter, and what tells it from others in the key of what is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from schemas.conditions import ActivityLeaf, Operators, Step, TagsLeaf, VisitLeaf
from streams.engine.conditions.activities.event_filters import Filter, compile_filter, filter_uses_dates
from streams.engine.conditions.compiler_context import Context
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Happening


@dataclass(frozen=True, slots=True)
class Subject:
    """`visit` or `activity` with its filter; `zone` names the account's where the filter depends on it."""

    name: str
    fields: Any
    zone: str | None
    filter: Filter

    def matches(self, happening: Happening) -> bool:
        """Whether the event is meant."""
        return self.filter.matches(happening)


def compile_subject(leaf: VisitLeaf | ActivityLeaf | Step, context: Context) -> Subject:
    """The subject of a leaf or of a step of a sequence. Raises ConditionRefused."""
    visit, activity = getattr(leaf, "visit", None), getattr(leaf, "activity", None)
    if (visit is None) == (activity is None):
        raise ConditionRefused("a step is one of visit and activity")
    return _subject("visit" if activity is None else "activity", visit or activity or {}, context)


def compile_companion(key: str, fields: Mapping[str, Operators], context: Context) -> Subject:
    """What the event of a leaf must match besides, written under `key`. Raises ConditionRefused."""
    return _subject(key, fields, context)


def leaf_key(*parts: Any) -> str:
    """The key under which a leaf's past is kept: a hash of what decides it."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(canonical.encode("utf-8", "replace"), digest_size=6).hexdigest()


def written(operators: Operators | TagsLeaf) -> Any:
    """Operators as a plain value, without what is left at its default."""
    return operators.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)


def _subject(name: str, fields: Mapping[str, Operators], context: Context) -> Subject:
    try:
        matching = compile_filter(fields, context.zone, visits_only=name == "visit")
    except ConditionRefused as refusal:
        raise refusal.within(name) from None
    zone = str(context.zone) if filter_uses_dates(fields) else None
    return Subject(name, {key: written(operators) for key, operators in fields.items()}, zone, matching)
