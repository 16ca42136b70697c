"""Visit and activity leaves, by what they ask: how often, how regularly, or of the first or the latest one."""

from __future__ import annotations

from schemas.conditions import ActivityLeaf, VisitLeaf
from streams.engine.conditions.activities.counts import compile_counted
from streams.engine.conditions.activities.first_last import compile_first_last
from streams.engine.conditions.activities.regular import compile_regular
from streams.engine.conditions.compiler_context import Context
from streams.engine.conditions.protocols import Node


def compile_happening(leaf: VisitLeaf | ActivityLeaf, context: Context) -> Node:
    """A visit or activity leaf. Raises ConditionRefused."""
    if leaf.regular is not None:
        return compile_regular(leaf, leaf.regular, context)
    if leaf.first is not None or leaf.last is not None:
        return compile_first_last(leaf, context)
    return compile_counted(leaf, context)
