"""Compiles visit and activity leaves: a count, amounts of events, a `regular`, or the first or the latest event."""

from __future__ import annotations

from schemas.conditions import ActivityLeaf, VisitLeaf
from streams.engine.conditions.activities.aggregates import aggregates_of, compile_aggregates
from streams.engine.conditions.activities.counts import compile_count
from streams.engine.conditions.activities.first_last import compile_first_last
from streams.engine.conditions.activities.regular import compile_regular
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.protocols import Node


def compile_activity(leaf: VisitLeaf | ActivityLeaf, context: CompilerContext) -> Node:
    """Compiles a visit or activity leaf. Raises ConditionRefused."""
    if aggregates_of(leaf):
        return compile_aggregates(leaf, context)
    if leaf.regular is not None:
        return compile_regular(leaf, leaf.regular, context)
    if leaf.first is not None or leaf.last is not None:
        return compile_first_last(leaf, context)
    return compile_count(leaf, context)
