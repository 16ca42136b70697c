"""Compiles visit and activity leaves with `sum`, `average` or `distinct`: what matching events amount to."""

from __future__ import annotations

from schemas.conditions import ActivityLeaf, VisitLeaf, Window
from streams.engine.conditions.activities.amounts import compile_amount
from streams.engine.conditions.activities.distinct import compile_distinct
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Node
from streams.engine.conditions.tree import AllNode

AGGREGATES = ("sum", "average", "distinct")
CONFLICTING_KEYS = ("count", "never", "first", "last", "regular")
"""What speaks of how often or of one event cannot stand beside an aggregate."""


def aggregates_of(leaf: Window) -> list[str]:
    """Returns those that the leaf has; all of them must hold."""
    return [name for name in AGGREGATES if getattr(leaf, name) is not None]


def compile_aggregates(leaf: VisitLeaf | ActivityLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf with at least one aggregate. Raises ConditionRefused."""
    for name in CONFLICTING_KEYS:
        if getattr(leaf, name) is not None:
            raise ConditionRefused(
                f"cannot stand beside {aggregates_of(leaf)[0]}, which stands alone; use a leaf for each", (name,)
            )
    nodes: list[Node] = []
    if leaf.sum is not None:
        nodes.append(compile_amount("sum", leaf, context))
    if leaf.average is not None:
        nodes.append(compile_amount("average", leaf, context))
    if leaf.distinct is not None:
        nodes.append(compile_distinct(leaf, context))
    return nodes[0] if len(nodes) == 1 else AllNode(tuple(nodes))
