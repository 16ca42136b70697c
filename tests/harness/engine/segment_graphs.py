"""Graphs of segments as written, whose nodes tell how often they were asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from schemas.conditions import Condition
from schemas.definitions import STANDARD_PROPERTIES, PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.properties import PlainNode
from streams.engine.conditions.protocols import CompiledCondition, CompileScope, EvaluationContext, Node
from streams.engine.conditions.segments_and_leads import ScoreNode
from streams.engine.graph.contact_truths import ContactTruths
from streams.engine.graph.held_timers import HeldIndex
from streams.engine.graph.inputs import ChangeSet
from streams.engine.graph.segment_graph import GraphSegment, SegmentGraph
from streams.engine.state.contact import Contact

_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
ACTIVE = frozenset({"active"})


def written(condition: dict[str, Any]) -> Condition:
    """A condition as definitions write it."""
    return _CONDITION.validate_python(condition)


def segment(
    name: str, condition: dict[str, Any] | None, *, statuses: frozenset[str] = ACTIVE, paused: bool = False
) -> GraphSegment:
    """A segment of a graph; a static one has no condition."""
    return GraphSegment(name, statuses, paused, None if condition is None else written(condition))


class CountedNode:
    """A node that counts under its condition how often it was asked whether it holds."""

    def __init__(self, node: Node, key: str, asked: Counter[str]) -> None:
        self._node = node
        self._key = key
        self._asked = asked

    def holds(self, context: EvaluationContext) -> bool:
        self._asked[self._key] += 1
        return self._node.holds(context)

    def due(self, context: EvaluationContext) -> int | None:
        return self._node.due(context)


class CountedGraph:
    """A graph, and how often each of its conjuncts was asked, by the condition's JSON."""

    def __init__(
        self, *segments: GraphSegment, version: EngineVersion = NEWEST_VERSION, **declared: PropertyType
    ) -> None:
        self.asked: Counter[str] = Counter()
        self._scope = CompileScope("UTC", {**STANDARD_PROPERTIES, **declared}, version)
        self.graph = SegmentGraph(segments, self._compile, self._scope.property_types, version)

    def truths(self, contact: Contact) -> ContactTruths:
        """What is known of a contact: nothing at first."""
        return ContactTruths(self.graph, HeldIndex(), contact)

    def times_asked(self, condition: dict[str, Any]) -> int:
        """How often a conjunct was asked."""
        return self.asked[written(condition).model_dump_json(exclude_unset=True)]

    def _compile(self, condition: Condition) -> CompiledCondition:
        compiled = compile_condition(condition, self._scope)
        is_inside_property = isinstance(getattr(condition, "property", None), tuple)
        if isinstance(compiled.node, PlainNode | ScoreNode) and not is_inside_property:  # in a mask, never asked
            return compiled
        key = condition.model_dump_json(exclude_unset=True)
        return replace(compiled, node=CountedNode(compiled.node, key, self.asked))


def settle_once(truths: ContactTruths, context: EvaluationContext, changes: ChangeSet | None = None) -> list[str]:
    """Settles the memberships of a contact as decisions do, in one round. Returns the names of those that changed."""
    graph, members = truths.graph, context.contact.members
    names = list(graph.index_by_id)
    waiting = truths.apply(changes or ChangeSet(), context)
    changed: list[str] = []
    while waiting:
        index = (waiting & -waiting).bit_length() - 1
        waiting &= waiting - 1
        is_inside = truths.holds(index, context)
        if is_inside != bool(truths.members >> index & 1):
            members.update({names[index]: context.now}) if is_inside else members.pop(names[index])
            changed.append(names[index])
            waiting |= truths.change_member(index, names[index], context)
    return changed
