"""Derives what a condition depends on, and holds what a record changed: other conditions need no evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

import msgspec

from schemas.conditions import (
    ActivityLeaf,
    AllOf,
    AnyOf,
    Condition,
    CreatedLeaf,
    FirstVisitLeaf,
    InactiveLeaf,
    LastActivityLeaf,
    LastVisitLeaf,
    LeadLeaf,
    LeadStatusLeaf,
    NotOf,
    Operators,
    PointsLeaf,
    PropertyLeaf,
    ScoreLeaf,
    SegmentLeaf,
    StatusLeaf,
    TagsLeaf,
    VisitLeaf,
)
from streams.engine.conditions.protocols import CompiledCondition
from streams.engine.version import walk

_RELATIVE_OPERATORS = ("within_last", "within_next", "older_than", "anniversary_within")
_TIME_INDEPENDENT = (AllOf, AnyOf, NotOf, StatusLeaf, ScoreLeaf, SegmentLeaf, LeadLeaf, PointsLeaf, LeadStatusLeaf)
_ACTIVITY_TIME_LEAVES = (FirstVisitLeaf, LastVisitLeaf, LastActivityLeaf, InactiveLeaf)
_WINDOW_FIELDS = ("within", "between_ago", "since", "until", "regular")

_NO_NAMES: frozenset[str] = frozenset()


class ChangeSet(msgspec.Struct):
    """What a decision changed since the last round of settling."""

    everything: bool = False
    """The contact's status: what is known of any condition may be outdated."""
    properties: Set[str] = _NO_NAMES
    counters: Set[str] = _NO_NAMES
    static_segments: Set[str] = _NO_NAMES
    """Static segments that listed or unlisted the contact."""
    scores: bool = False
    leads: bool = False
    """Status or points of any lead."""
    activity_times: bool = False
    """The contact's first or last visit, or its last activity."""

    def clear(self) -> None:
        """Empties the set: the next round of settling looks only at changes from here on."""
        self.properties = self.counters = self.static_segments = _NO_NAMES
        self.everything = self.scores = self.leads = self.activity_times = False


@dataclass(frozen=True, slots=True)
class ConditionInputs:
    """What one condition depends on."""

    is_time_dependent: bool
    """Whether time alone may change it."""
    properties: frozenset[str] = frozenset()
    counters: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    static_segments: frozenset[str] = frozenset()
    """Static segments whose list it reads."""
    scores: bool = False
    leads: bool = False
    activity_times: bool = False


def inputs_of(condition: Condition, compiled: CompiledCondition) -> ConditionInputs:
    """The inputs of a condition; in doubt it depends on time."""
    nodes = list(walk(condition))
    return ConditionInputs(
        is_time_dependent=any(_is_time_dependent(node) for node in nodes),
        properties=compiled.properties,
        counters=frozenset(counter.key for counter in compiled.counters),
        segments=compiled.segments,
        scores=any(isinstance(node, ScoreLeaf) for node in nodes),
        leads=any(isinstance(node, LeadLeaf) for node in nodes),
        activity_times=any(isinstance(node, _ACTIVITY_TIME_LEAVES) for node in nodes),
    )


def _is_time_dependent(node: Any) -> bool:
    if isinstance(node, VisitLeaf | ActivityLeaf):
        return any(getattr(node, name) is not None for name in _WINDOW_FIELDS)
    if isinstance(node, PropertyLeaf):
        return node.held_for is not None or _refers_to_now(node)
    if isinstance(node, TagsLeaf):
        return node.held_for is not None or _refers_to_now(node.tags)
    if isinstance(node, CreatedLeaf):
        return _refers_to_now(node.created)
    return not isinstance(node, _TIME_INDEPENDENT)


def _refers_to_now(operators: Operators) -> bool:
    if any(getattr(operators, name) is not None for name in _RELATIVE_OPERATORS):
        return True
    item_operators = operators.has_item or {}
    return any(_refers_to_now(item) for item in item_operators.values()) or any(
        text.startswith("now") for text in _operand_texts(operators)
    )


def _operand_texts(operators: Operators) -> Iterator[str]:
    """Every string among the operands, at any depth."""
    waiting: list[Any] = [operators.model_dump()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
