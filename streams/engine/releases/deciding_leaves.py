"""Finds the leaves of a condition that decided whether it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import msgspec

from schemas.conditions import AllOf, AnyOf, Condition, DefinitionModel, NotOf, subject_of
from streams.engine.conditions.protocols import EvaluationContext, Node
from streams.engine.journal.effects import LeafDocument
from streams.engine.state.limits import MAX_OUTPUT_LEAF_VALUES, MAX_OUTPUT_LEAVES

MAX_LEAF_PATTERNS = 16
"""The most sets of deciding leaves of which a condition keeps the text."""

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"))
_DURATION_FIELDS = frozenset(
    {"within", "between_ago", "within_last", "within_next", "older_than", "anniversary_within", "inactive_for"}
    | {"held_for", "gap", "min_gap", "each"}
)
_encode = msgspec.json.Encoder().encode


class Explainer(Protocol):
    """A node that can name the leaves that decided it: as the bits of a number, the first leaf is the lowest bit."""

    def holds(self, context: EvaluationContext) -> bool: ...

    def deciding_leaves(self, context: EvaluationContext, holds: bool) -> int:
        """The leaves of a node of which it is known whether it `holds`."""


class LeafExplainer:
    """A leaf decides itself, true or false."""

    __slots__ = ("_bit", "holds")

    def __init__(self, node: Node, bit: int) -> None:
        self.holds: Callable[[EvaluationContext], bool] = node.holds
        self._bit = bit

    def deciding_leaves(self, context: EvaluationContext, holds: bool) -> int:  # noqa: ARG002 - always the same
        return self._bit


class JunctionExplainer:
    """`all` (decisive: false) or `any` (decisive: true): the decisive children decide, without any all children."""

    __slots__ = ("_children", "_decisive")

    def __init__(self, children: Iterable[Explainer], *, decisive: bool) -> None:
        self._children = tuple((child.holds, child.deciding_leaves) for child in children)
        self._decisive = decisive

    def holds(self, context: EvaluationContext) -> bool:
        decisive = self._decisive
        for child_holds, _ in self._children:
            if child_holds(context) is decisive:
                return decisive
        return not decisive

    def deciding_leaves(self, context: EvaluationContext, holds: bool) -> int:
        decisive, leaves = self._decisive, 0
        for child_holds, child_leaves in self._children:
            # Where no child is decisive, none has to be asked.
            if holds is not decisive or child_holds(context) is decisive:
                leaves |= child_leaves(context, holds)
        return leaves


@dataclass(frozen=True, slots=True)
class NegationExplainer:
    """`not`: the leaves that decided its child."""

    child: Explainer

    def holds(self, context: EvaluationContext) -> bool:
        return not self.child.holds(context)

    def deciding_leaves(self, context: EvaluationContext, holds: bool) -> int:
        return self.child.deciding_leaves(context, not holds)


@dataclass(frozen=True, slots=True)
class ConditionExplainer:
    """The explainer of a whole condition, and the JSON of its leaves in the order of the definitions."""

    root: Explainer
    leaves: list[bytes]


def compile_explainer(condition: Condition, compile_leaf: Callable[[Condition], Node]) -> ConditionExplainer:
    """The explainer of a condition; `compile_leaf` compiles a leaf."""
    leaves: list[bytes] = []

    def compile_part(part: Condition) -> Explainer:
        if isinstance(part, AllOf):
            return JunctionExplainer((compile_part(child) for child in part.all), decisive=False)
        if isinstance(part, AnyOf):
            return JunctionExplainer((compile_part(child) for child in part.any), decisive=True)
        if isinstance(part, NotOf):
            return NegationExplainer(compile_part(part.not_))
        leaves.append(_encode(to_leaf_document(part)))
        return LeafExplainer(compile_leaf(part), 1 << (len(leaves) - 1))

    return ConditionExplainer(compile_part(condition), leaves)


@dataclass(slots=True)
class LazyExplainer:
    """Creates its explainer when first used: most conditions change nothing for anyone in a run."""

    create: Callable[[], ConditionExplainer]
    explainer: ConditionExplainer | None = field(default=None)
    texts: dict[int, bytes] = field(default_factory=dict)
    """Deciding leaves (bits) -> their JSON; at most `MAX_LEAF_PATTERNS`."""

    def deciding_leaves(self, context: EvaluationContext, holds: bool) -> bytes:
        """The JSON list of the first `MAX_OUTPUT_LEAVES` leaves that decided, as the definitions order them.

        Empty where there are none. `holds`: whether the condition holds of the contact.
        """
        explainer = self.explainer
        if explainer is None:
            explainer = self.explainer = self.create()
        deciding = explainer.root.deciding_leaves(context, holds)
        text = self.texts.get(deciding)
        if text is None:
            if len(self.texts) >= MAX_LEAF_PATTERNS:
                self.texts.clear()
            text = self.texts[deciding] = _leaves_text(explainer.leaves, deciding)
        return text


@lru_cache(maxsize=256)
def status_leaves(statuses: frozenset[str]) -> bytes:
    """The JSON list of the leaf that decides where the contact's status is none of these."""
    return _encode([{"status": {"in": sorted(statuses)}}])


def _leaves_text(leaves: list[bytes], deciding: int) -> bytes:
    chosen: list[bytes] = []
    while deciding and len(chosen) < MAX_OUTPUT_LEAVES:
        lowest = deciding & -deciding
        chosen.append(leaves[lowest.bit_length() - 1])
        deciding ^= lowest
    return b"[" + b",".join(chosen) + b"]" if chosen else b""


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
