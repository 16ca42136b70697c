"""`all`, `any`, `not`, and when time alone can change them.

A false `all` stays false until each of its false parts has changed, so the latest of their dues counts, not the
earliest; a true `any` works the same way. A part may return a due that is too early, never one that is too late; so
may these.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.engine.conditions.protocols import EvaluationContext, Node

HoldsAndDue = tuple[bool, int | None]
"""Whether a part holds, and when time alone may change that."""


def due_of_all(parts: Iterable[HoldsAndDue]) -> int | None:
    """Returns when time alone may change a conjunction."""
    return _due(parts, neutral=True)


def due_of_any(parts: Iterable[HoldsAndDue]) -> int | None:
    """Returns when time alone may change a disjunction."""
    return _due(parts, neutral=False)


def _due(parts: Iterable[HoldsAndDue], *, neutral: bool) -> int | None:
    """`neutral` is the value that all parts must have for the whole to have it."""
    earliest: int | None = None
    latest: int | None = None
    deciding = False
    for holds, due in parts:
        if holds == neutral:
            if due is not None and (earliest is None or due < earliest):
                earliest = due
            continue
        if due is None:
            return None  # this part alone keeps the whole from changing
        deciding = True
        if latest is None or due > latest:
            latest = due
    return latest if deciding else earliest


class AllNode:
    """All parts hold; true without any part."""

    __slots__ = ("_nodes",)

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self._nodes = nodes

    def holds(self, context: EvaluationContext) -> bool:
        return all(node.holds(context) for node in self._nodes)

    def due(self, context: EvaluationContext) -> int | None:
        return due_of_all((node.holds(context), node.due(context)) for node in self._nodes)


class AnyNode:
    """At least one part holds; false without any part."""

    __slots__ = ("_nodes",)

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self._nodes = nodes

    def holds(self, context: EvaluationContext) -> bool:
        return any(node.holds(context) for node in self._nodes)

    def due(self, context: EvaluationContext) -> int | None:
        return due_of_any((node.holds(context), node.due(context)) for node in self._nodes)


class NotNode:
    """The part does not hold."""

    __slots__ = ("_node",)

    def __init__(self, node: Node) -> None:
        self._node = node

    def holds(self, context: EvaluationContext) -> bool:
        return not self._node.holds(context)

    def due(self, context: EvaluationContext) -> int | None:
        return self._node.due(context)
