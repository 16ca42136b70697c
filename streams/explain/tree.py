"""A condition as a tree whose every node can be evaluated by itself."""

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
    """Something of a contact that changes with time."""

    initial_values: ClassVar[tuple[Hashable, ...]]
    """What it is before the contact is known; empty where that says nothing."""

    def current_value(self, view: ContactView) -> Hashable:
        """What it is now."""

    def due(self, view: ContactView) -> int | None:
        """The earliest instant after now at which time alone may change it, beyond what the engine is due for."""


@dataclass(frozen=True, eq=False)
class ConditionLeaf:
    """A leaf, as written and compiled; `campaign` is the campaign of its rule, empty for a segment."""

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

    def due(self, view: ContactView) -> int | None:  # noqa: ARG002 - its leaves are watched, too
        return None


ConditionTree = ConditionLeaf | ConditionBranch


def build_tree(condition: Condition, scope: CompileScope, campaign: str = "") -> ConditionTree:
    """The tree of a checked condition."""
    if isinstance(condition, AllOf):
        return ConditionBranch("all", tuple(build_tree(child, scope, campaign) for child in condition.all))
    if isinstance(condition, AnyOf):
        return ConditionBranch("any", tuple(build_tree(child, scope, campaign) for child in condition.any))
    if isinstance(condition, NotOf):
        return ConditionBranch("not", (build_tree(condition.not_, scope, campaign),))
    return ConditionLeaf(condition, to_leaf_document(condition), compile_condition(condition, scope), scope, campaign)


def tree_nodes(tree: ConditionTree) -> Iterator[ConditionTree]:
    """Every node, the root first."""
    yield tree
    if isinstance(tree, ConditionBranch):
        for child in tree.children:
            yield from tree_nodes(child)
