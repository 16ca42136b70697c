"""Compiles a condition into a node that can be evaluated.

Everything that does not depend on a contact is computed here, once per release.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
    LeadAgeLeaf,
    LeadLeaf,
    LeadStatusLeaf,
    NotOf,
    PointsLeaf,
    PropertyLeaf,
    ScoreLeaf,
    SegmentLeaf,
    SequenceLeaf,
    StatusLeaf,
    TagsLeaf,
    VisitLeaf,
)
from streams.engine.conditions import properties, segments_and_leads
from streams.engine.conditions.activities import activity_leaves, activity_times, counts, sequences
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import ActivityCounter, CompiledCondition, CompileScope, HeldState, Node
from streams.engine.conditions.tree import AllNode, AnyNode, NotNode

LeafCompiler = Callable[[Any, CompilerContext], Node]

_LEAF_COMPILERS: Mapping[type, LeafCompiler] = {
    PropertyLeaf: properties.compile_property,
    TagsLeaf: properties.compile_tags,
    StatusLeaf: properties.compile_status,
    ScoreLeaf: segments_and_leads.compile_score,
    CreatedLeaf: properties.compile_created,
    VisitLeaf: activity_leaves.compile_activity,
    ActivityLeaf: activity_leaves.compile_activity,
    SequenceLeaf: sequences.compile_sequence,
    LastVisitLeaf: activity_times.compile_last_visit,
    FirstVisitLeaf: activity_times.compile_first_visit,
    LastActivityLeaf: activity_times.compile_last_activity,
    InactiveLeaf: activity_times.compile_inactive,
    SegmentLeaf: segments_and_leads.compile_segment,
    LeadLeaf: segments_and_leads.compile_lead,
    PointsLeaf: segments_and_leads.compile_points,
    LeadStatusLeaf: segments_and_leads.compile_lead_status,
    LeadAgeLeaf: segments_and_leads.compile_lead_age,
}


def compile_condition(condition: Condition, scope: CompileScope) -> CompiledCondition:
    """Returns the compiled condition with everything it depends on.

    Raises ConditionRefused (a ValueError with the path inside the condition) when the condition makes no sense within
    the definitions.
    """
    context = CompilerContext(scope)
    node = _node(condition, context)
    return CompiledCondition(
        node=node,
        counters=tuple(context.counters.values()),
        held_states=tuple(context.held_states.values()),
        properties=frozenset(context.properties),
        segments=frozenset(context.segments),
        campaigns=frozenset(context.campaigns),
        uses_lead=context.uses_lead,
        is_filter_only=counts.is_filter_only(condition),
    )


def conjunction_of(parts: Sequence[CompiledCondition]) -> CompiledCondition:
    """Returns the condition that holds where all parts hold."""
    if len(parts) == 1:
        return parts[0]
    counters: dict[str, ActivityCounter] = {}
    held_states: dict[str, HeldState] = {}
    for part in parts:
        for counter in part.counters:
            counters.setdefault(counter.key, counter)
        for held_state in part.held_states:
            held_states.setdefault(held_state.key, held_state)
    return CompiledCondition(
        node=AllNode(tuple(part.node for part in parts)),
        counters=tuple(counters.values()),
        held_states=tuple(held_states.values()),
        properties=frozenset().union(*(part.properties for part in parts)),
        segments=frozenset().union(*(part.segments for part in parts)),
        campaigns=frozenset().union(*(part.campaigns for part in parts)),
        uses_lead=any(part.uses_lead for part in parts),
    )


def _node(condition: Condition, context: CompilerContext) -> Node:
    if isinstance(condition, AllOf):
        return AllNode(_nodes("all", condition.all, context))
    if isinstance(condition, AnyOf):
        return AnyNode(_nodes("any", condition.any, context))
    if isinstance(condition, NotOf):
        try:
            return NotNode(_node(condition.not_, context))
        except ConditionRefused as refusal:
            raise refusal.with_prefix("not") from None
    return _LEAF_COMPILERS[type(condition)](condition, context)


def _nodes(key: str, parts: tuple[Condition, ...], context: CompilerContext) -> tuple[Node, ...]:
    nodes: list[Node] = []
    for index, part in enumerate(parts):
        try:
            nodes.append(_node(part, context))
        except ConditionRefused as refusal:
            raise refusal.with_prefix(key, index) from None
    return tuple(nodes)
