"""A condition as a tree whose every node can be asked by itself."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from schemas.conditions import AllOf, AnyOf, Condition, NotOf
from schemas.definitions import STANDARD_PROPERTIES, Definitions
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import Compiled, Surroundings
from streams.engine.releases.deciding_leaves import as_written
from streams.store.contact_view import Sight


class Watched(Protocol):
    """Something of a contact that changes with time."""

    before: ClassVar[tuple[Hashable, ...]]
    """What it is before the contact is known; empty where that says nothing."""

    def look(self, sight: Sight) -> Hashable:
        """What it is now."""

    def due(self, sight: Sight) -> int | None:
        """The earliest instant after now at which time alone may change it, beyond what the engine is due for."""


@dataclass(frozen=True, eq=False)
class Leaf:
    """A leaf, as written and ready to be asked; `campaign` is the one whose rule it stands in."""

    condition: Any
    written: dict[str, Any]
    compiled: Compiled
    around: Surroundings
    campaign: str = ""
    before: ClassVar[tuple[Hashable, ...]] = ()

    def look(self, sight: Sight) -> bool:
        return self.compiled.node.holds(sight.scene(self.campaign))

    def due(self, sight: Sight) -> int | None:
        return self.compiled.node.due(sight.scene(self.campaign))


@dataclass(frozen=True, eq=False)
class Branch:
    """`all`, `any` or `not`."""

    kind: str
    children: tuple[Tree, ...]
    before: ClassVar[tuple[Hashable, ...]] = ()

    def look(self, sight: Sight) -> bool:
        truths = (child.look(sight) for child in self.children)
        if self.kind == "not":
            return not next(truths)
        return all(truths) if self.kind == "all" else any(truths)

    def due(self, sight: Sight) -> int | None:  # noqa: ARG002 - its leaves are watched, too
        return None


Tree = Leaf | Branch


def surroundings_of(definitions: Definitions) -> Surroundings:
    """What an account's conditions are compiled within."""
    return Surroundings(definitions.time_zone, {**STANDARD_PROPERTIES, **definitions.properties})


def tree_of(condition: Condition, around: Surroundings, campaign: str = "") -> Tree:
    """The tree of a checked condition."""
    if isinstance(condition, AllOf):
        return Branch("all", tuple(tree_of(child, around, campaign) for child in condition.all))
    if isinstance(condition, AnyOf):
        return Branch("any", tuple(tree_of(child, around, campaign) for child in condition.any))
    if isinstance(condition, NotOf):
        return Branch("not", (tree_of(condition.not_, around, campaign),))
    return Leaf(condition, as_written(condition), compile_condition(condition, around), around, campaign)


def nodes_of(tree: Tree) -> Iterator[Tree]:
    """Every node, the root first."""
    yield tree
    if isinstance(tree, Branch):
        for child in tree.children:
            yield from nodes_of(child)
