"""Visit and activity leaves, by what they ask: how often, how regularly, or of the first or the latest one."""

from __future__ import annotations

from schemas.conditions import ActivityLeaf, VisitLeaf
from streams.engine.conditions.context import Context
from streams.engine.conditions.contract import Node
from streams.engine.conditions.counted import compile_counted
from streams.engine.conditions.refusals import NotServed
from streams.engine.conditions.regular import compile_regular


def compile_happening(leaf: VisitLeaf | ActivityLeaf, context: Context) -> Node:
    """A visit or activity leaf. Raises ConditionRefused."""
    if leaf.regular is not None:
        return compile_regular(leaf, leaf.regular, context)
    for name in ("first", "last"):
        if getattr(leaf, name) is not None:
            raise NotServed("is not served yet", (name,))
    return compile_counted(leaf, context)
