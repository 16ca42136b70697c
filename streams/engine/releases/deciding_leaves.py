"""Which leaves of a condition decided that it holds, or that it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from schemas.conditions import AllOf, AnyOf, Condition, Model, NotOf, subject_of
from streams.engine.conditions.protocols import Node, Scene
from streams.engine.journal.effects import Leaf
from streams.engine.state.limits import MOST_NAMED_LEAVES, MOST_NAMED_VALUES

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"))
_DURATIONS = frozenset(
    {"within", "between_ago", "within_last", "within_next", "older_than", "anniversary_within", "inactive_for"}
    | {"held_for", "gap", "min_gap", "each"}
)


class Witness(Protocol):
    """A node that can name the leaves behind its truth."""

    def holds(self, scene: Scene) -> bool: ...

    def leaves(self, scene: Scene) -> Iterator[Leaf]: ...


@dataclass(frozen=True, slots=True)
class LeafWitness:
    """A leaf stands for itself."""

    node: Node
    leaf: Leaf

    def holds(self, scene: Scene) -> bool:
        return self.node.holds(scene)

    def leaves(self, scene: Scene) -> Iterator[Leaf]:  # noqa: ARG002 - its truth does not matter
        yield self.leaf


@dataclass(frozen=True, slots=True)
class Junction:
    """`all` (decisive: false) or `any` (decisive: true): a decisive child decides alone, else all did together."""

    children: tuple[Witness, ...]
    decisive: bool

    def holds(self, scene: Scene) -> bool:
        return any(child.holds(scene) is self.decisive for child in self.children) is self.decisive

    def leaves(self, scene: Scene) -> Iterator[Leaf]:
        deciding = [child for child in self.children if child.holds(scene) is self.decisive]
        for child in deciding or self.children:
            yield from child.leaves(scene)


@dataclass(frozen=True, slots=True)
class Negation:
    """`not`: whatever decided the child."""

    child: Witness

    def holds(self, scene: Scene) -> bool:
        return not self.child.holds(scene)

    def leaves(self, scene: Scene) -> Iterator[Leaf]:
        yield from self.child.leaves(scene)


def witness_of(condition: Condition, node_of: Callable[[Condition], Node]) -> Witness:
    """The witness of a condition; `node_of` compiles a leaf."""
    if isinstance(condition, AllOf):
        return Junction(tuple(witness_of(child, node_of) for child in condition.all), decisive=False)
    if isinstance(condition, AnyOf):
        return Junction(tuple(witness_of(child, node_of) for child in condition.any), decisive=True)
    if isinstance(condition, NotOf):
        return Negation(witness_of(condition.not_, node_of))
    return LeafWitness(node_of(condition), as_written(condition))


@dataclass(slots=True)
class LazyWitness:
    """Made when first asked: most conditions never change anything for anyone in a run."""

    make: Callable[[], Witness]
    made: Witness | None = field(default=None)

    def leaves(self, scene: Scene) -> tuple[Leaf, ...]:
        """The first leaves that decided, in the order they are written."""
        if self.made is None:
            self.made = self.make()
        return tuple(islice(self.made.leaves(scene), MOST_NAMED_LEAVES))


def as_written(leaf: Model) -> Leaf:
    """A leaf as definitions write it: aliases, only what was given, durations as text."""
    plain: Leaf = _durations_as_text(leaf.model_dump(mode="json", by_alias=True, exclude_unset=True))
    subject = subject_of(leaf)
    return {key: plain[key] for key in sorted(plain, key=lambda key: key != subject)}


def _durations_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _duration_text(item) if key in _DURATIONS else _durations_as_text(item)
            for key, item in value.items()
        }
    return _shortened(value)


def _shortened(value: Any) -> Any:
    if not isinstance(value, list) or len(value) <= MOST_NAMED_VALUES:
        return value
    return [*value[:MOST_NAMED_VALUES], f"and {len(value) - MOST_NAMED_VALUES} more"]


def _duration_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_duration_text(item) for item in value]
    if not isinstance(value, int):
        return value
    for length, unit in _UNITS:
        if value % length == 0:
            return f"{value // length}{unit}"
    return f"PT{value / 1_000:.3f}S"
