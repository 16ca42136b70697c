"""Builds a condition as a tree in which every node can be evaluated alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from schemas.conditions import AllOf, AnyOf, Condition, NotOf
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import CompiledCondition, CompileScope
from streams.engine.releases.deciding_leaves import to_leaf_document
from streams.store.contact_view import ContactView


class TrackedValue(Protocol):
    """A value of a contact that may change with events or time."""

    initial_values: ClassVar[tuple[Hashable, ...]]
    """The value before the contact's first record, in a tuple; empty for a value that is then undefined."""

    def current_value(self, view: ContactView) -> Hashable:
        """Returns the value at the view's instant."""

    def due(self, view: ContactView) -> int | None:
        """Returns the next instant (ms) at which time alone may change it; None where the engine's timers suffice."""


@dataclass(frozen=True, eq=False)
class ConditionLeaf:
    """A leaf: model, JSON and compiled; `campaign` is the campaign of its rule, empty for a segment."""

    condition: Any
    definition: dict[str, Any]
    compiled: CompiledCondition
    compile_scope: CompileScope
    campaign: str = ""
    initial_values: ClassVar[tuple[Hashable, ...]] = ()

    def current_value(self, view: ContactView) -> bool:
        return self.compiled.node.holds(view.evaluation_context(self.campaign))

    def due(self, view: ContactView) -> int | None:
        return self.compiled.node.due(view.evaluation_context(self.campaign))


@dataclass(frozen=True, eq=False)
class ConditionBranch:
    """`all`, `any` or `not`."""

    operator: str
    children: tuple[ConditionTree, ...]
    initial_values: ClassVar[tuple[Hashable, ...]] = ()

    def current_value(self, view: ContactView) -> bool:
        truths = (child.current_value(view) for child in self.children)
        if self.operator == "not":
            return not next(truths)
        return all(truths) if self.operator == "all" else any(truths)

    def due(self, view: ContactView) -> int | None:  # noqa: ARG002 - its leaves are tracked, too
        return None


ConditionTree = ConditionLeaf | ConditionBranch


def build_tree(condition: Condition, scope: CompileScope, campaign: str = "") -> ConditionTree:
    """Returns the tree of a valid condition."""
    if isinstance(condition, AllOf):
        return ConditionBranch("all", tuple(build_tree(child, scope, campaign) for child in condition.all))
    if isinstance(condition, AnyOf):
        return ConditionBranch("any", tuple(build_tree(child, scope, campaign) for child in condition.any))
    if isinstance(condition, NotOf):
        return ConditionBranch("not", (build_tree(condition.not_, scope, campaign),))
    return ConditionLeaf(condition, to_leaf_document(condition), compile_condition(condition, scope), scope, campaign)


def tree_nodes(tree: ConditionTree) -> Iterator[ConditionTree]:
    """Yields every node, the root first."""
    yield tree
    if isinstance(tree, ConditionBranch):
        for child in tree.children:
            yield from tree_nodes(child)
