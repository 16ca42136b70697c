"""Visit and activity leaves, by what they ask: how often, how regularly, or of the first or the latest one."""

from __future__ import annotations

from schemas.conditions import ActivityLeaf, VisitLeaf
from streams.engine.conditions.context import Context
from streams.engine.conditions.contract import Node
from streams.engine.conditions.counted import compile_counted
from streams.engine.conditions.first_last import compile_first_last
from streams.engine.conditions.regular import compile_regular


def compile_happening(leaf: VisitLeaf | ActivityLeaf, context: Context) -> Node:
    """A visit or activity leaf. Raises ConditionRefused."""
    if leaf.regular is not None:
        return compile_regular(leaf, leaf.regular, context)
    if leaf.first is not None or leaf.last is not None:
        return compile_first_last(leaf, context)
    return compile_counted(leaf, context)
