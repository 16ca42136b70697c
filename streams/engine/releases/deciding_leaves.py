"""Finds the leaves of a condition that decided whether it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from schemas.conditions import AllOf, AnyOf, Condition, DefinitionModel, NotOf, subject_of
from streams.engine.conditions.protocols import EvaluationContext, Node
from streams.engine.journal.effects import LeafDocument
from streams.engine.state.limits import MAX_OUTPUT_LEAF_VALUES, MAX_OUTPUT_LEAVES

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"))
_DURATION_FIELDS = frozenset(
    {"within", "between_ago", "within_last", "within_next", "older_than", "anniversary_within", "inactive_for"}
    | {"held_for", "gap", "min_gap", "each"}
)


class Explainer(Protocol):
    """A node that can name the leaves that decided it."""

    def holds(self, context: EvaluationContext) -> bool: ...

    def deciding_leaves(self, context: EvaluationContext) -> Iterator[LeafDocument]: ...


@dataclass(frozen=True, slots=True)
class LeafExplainer:
    """A leaf decides itself."""

    node: Node
    leaf: LeafDocument

    def holds(self, context: EvaluationContext) -> bool:
        return self.node.holds(context)

    def deciding_leaves(self, context: EvaluationContext) -> Iterator[LeafDocument]:  # noqa: ARG002 - a leaf decides itself, true or false
        yield self.leaf


@dataclass(frozen=True, slots=True)
class JunctionExplainer:
    """`all` (decisive: false) or `any` (decisive: true): the decisive children decide, without any all children."""

    children: tuple[Explainer, ...]
    decisive: bool

    def holds(self, context: EvaluationContext) -> bool:
        return any(child.holds(context) is self.decisive for child in self.children) is self.decisive

    def deciding_leaves(self, context: EvaluationContext) -> Iterator[LeafDocument]:
        deciding = [child for child in self.children if child.holds(context) is self.decisive]
        for child in deciding or self.children:
            yield from child.deciding_leaves(context)


@dataclass(frozen=True, slots=True)
class NegationExplainer:
    """`not`: the leaves that decided its child."""

    child: Explainer

    def holds(self, context: EvaluationContext) -> bool:
        return not self.child.holds(context)

    def deciding_leaves(self, context: EvaluationContext) -> Iterator[LeafDocument]:
        yield from self.child.deciding_leaves(context)


def compile_explainer(condition: Condition, compile_leaf: Callable[[Condition], Node]) -> Explainer:
    """The explainer of a condition; `compile_leaf` compiles a leaf."""
    if isinstance(condition, AllOf):
        return JunctionExplainer(
            tuple(compile_explainer(child, compile_leaf) for child in condition.all), decisive=False
        )
    if isinstance(condition, AnyOf):
        return JunctionExplainer(
            tuple(compile_explainer(child, compile_leaf) for child in condition.any), decisive=True
        )
    if isinstance(condition, NotOf):
        return NegationExplainer(compile_explainer(condition.not_, compile_leaf))
    return LeafExplainer(compile_leaf(condition), to_leaf_document(condition))


@dataclass(slots=True)
class LazyExplainer:
    """Creates its explainer when first used: most conditions change nothing for anyone in a run."""

    create: Callable[[], Explainer]
    explainer: Explainer | None = field(default=None)

    def deciding_leaves(self, context: EvaluationContext) -> tuple[LeafDocument, ...]:
        """The first `MAX_OUTPUT_LEAVES` leaves that decided, in the order of the definitions."""
        if self.explainer is None:
            self.explainer = self.create()
        return tuple(islice(self.explainer.deciding_leaves(context), MAX_OUTPUT_LEAVES))


def to_leaf_document(leaf: DefinitionModel) -> LeafDocument:
    """A leaf as definitions have it: with aliases, only with fields that were set, durations as text."""
    plain: LeafDocument = _durations_as_text(leaf.model_dump(mode="json", by_alias=True, exclude_unset=True))
    subject = subject_of(leaf)
    return {key: plain[key] for key in sorted(plain, key=lambda key: key != subject)}


def _durations_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _duration_text(item) if key in _DURATION_FIELDS else _durations_as_text(item)
            for key, item in value.items()
        }
    return _shorten_list(value)


def _shorten_list(value: Any) -> Any:
    if not isinstance(value, list) or len(value) <= MAX_OUTPUT_LEAF_VALUES:
        return value
    return [*value[:MAX_OUTPUT_LEAF_VALUES], f"and {len(value) - MAX_OUTPUT_LEAF_VALUES} more"]


def _duration_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_duration_text(item) for item in value]
    if not isinstance(value, int):
        return value
    for length, unit in _UNITS:
        if value % length == 0:
            return f"{value // length}{unit}"
    return f"PT{value / 1_000:.3f}S"
