"""The segments of the job in a neutral form; the YAML form, the Python and the Java predicates are derived from it.

A segment is a conjunction of one to three leaves over twenty properties: numbers `n0` to `n7`, texts `t0` to `t7`,
booleans `b0` to `b3`. In three of ten segments one leaf counts visits of a page in a window of time.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

NUMBERS = tuple(f"n{index}" for index in range(8))
TEXTS = tuple(f"t{index}" for index in range(8))
BOOLEANS = tuple(f"b{index}" for index in range(4))
PROPERTIES = (*NUMBERS, *TEXTS, *BOOLEANS)
PROBE = "probe"
"""A further boolean, and the segment of those where it is true: each change of it gives exactly one output."""

Changes = Literal["none", "few", "many"]
"""How many memberships an event changes: none, one or two at most, or as many as broad segments give."""
CHANGES: tuple[Changes, ...] = ("none", "few", "many")

MOST_NUMBER = 1_000
"""Numbers are 0 to this, exclusive."""
CALM_NUMBER = 100
"""With changes `none` all numbers of events are below this, and all thresholds above."""
WIDTHS = (3, 5, 8, 12, 20, 50, 100, 500)
"""How many values each of the texts has."""
MEMBERS_OF_A_VALUE = 4
"""With changes `few`: about so many segments name the same value of a text."""
PAGES = 200
WINDOW_SHARE = 0.3
WINDOWS = (("1h", 3_600_000), ("1d", 86_400_000), ("7d", 604_800_000))
LEAF_COUNTS = (1, 2, 2, 3)

Operator = Literal["eq", "in", "gte", "lt"]


@dataclass(frozen=True)
class PropertyTest:
    """A leaf about a property; `value` is a list for the operator `in`."""

    property: str
    operator: Operator
    value: Any


@dataclass(frozen=True)
class VisitCount:
    """A leaf that is true after at least `at_least` visits of a page within a length of time (also as text)."""

    path: str
    at_least: int
    within: str
    within_ms: int


Leaf = PropertyTest | VisitCount


@dataclass(frozen=True)
class NeutralSegment:
    """A segment: all its leaves must be true."""

    id: str
    leaves: tuple[Leaf, ...]


class SegmentGenerator:
    """Makes the segments of one size. The same size, changes and seed give the same segments."""

    def __init__(self, count: int, changes: Changes, seed: int = 1) -> None:
        self._random = random.Random(f"segments/{count}/{changes}/{seed}")
        self._count = count
        self._changes = changes

    def segments(self) -> list[NeutralSegment]:
        """Returns all segments."""
        return [NeutralSegment(f"s{index}", self._leaves()) for index in range(self._count)]

    def _leaves(self) -> tuple[Leaf, ...]:
        leaf_count = self._random.choice(LEAF_COUNTS)
        leaves: list[Leaf] = []
        if self._random.random() < WINDOW_SHARE:
            leaves.append(self._visit_count())
        if self._changes == "few":
            leaves.append(self._rare_text_test())
        names = [name for name in PROPERTIES if not any(_names(leaf, name) for leaf in leaves)]
        for name in self._random.sample(names, max(0, leaf_count - len(leaves))):
            leaves.append(self._property_test(name))
        self._random.shuffle(leaves)
        return tuple(leaves)

    def _visit_count(self) -> VisitCount:
        # Few pages matter to nearly every contact, most to hardly any; with changes `none` nobody visits them.
        prefix = "/quiet" if self._changes == "none" else "/page"
        path = f"{prefix}/{skewed_page(self._random)}"
        return VisitCount(path, self._random.choice((1, 2, 3)), *self._random.choice(WINDOWS))

    def _rare_text_test(self) -> PropertyTest:
        name = self._random.choice(TEXTS)
        return PropertyTest(name, "eq", f"v{self._random.randrange(text_width(name, 'few', self._count))}")

    def _property_test(self, name: str) -> PropertyTest:
        rng = self._random
        if name in BOOLEANS:
            # With changes `none` the booleans of events are false.
            return PropertyTest(name, "eq", self._changes == "none" or rng.random() < 0.5)
        if name in NUMBERS:
            if self._changes == "none":
                return PropertyTest(name, "gte", rng.randrange(CALM_NUMBER, MOST_NUMBER))
            return PropertyTest(name, rng.choice(("gte", "lt")), rng.randrange(1, MOST_NUMBER))
        word = "quiet" if self._changes == "none" else "v"
        width = text_width(name, self._changes, self._count)
        if rng.random() < 0.25:
            return PropertyTest(name, "in", sorted({f"{word}{rng.randrange(width)}" for _ in range(3)}))
        return PropertyTest(name, "eq", f"{word}{rng.randrange(width)}")


def _names(leaf: Leaf, name: str) -> bool:
    return isinstance(leaf, PropertyTest) and leaf.property == name


def text_width(name: str, changes: Changes, segment_count: int) -> int:
    """Returns how many values a text has; with changes `few` more for more segments."""
    width = WIDTHS[TEXTS.index(name)]
    return max(width, segment_count // (len(TEXTS) * MEMBERS_OF_A_VALUE)) if changes == "few" else width


def skewed_page(rng: random.Random) -> int:
    """Returns the number of a page; low numbers are more frequent."""
    return int(PAGES * rng.random() ** 2)


def probe_segment() -> NeutralSegment:
    """Returns the segment that probes enter and leave."""
    return NeutralSegment(PROBE, (PropertyTest(PROBE, "eq", True),))


def neutral_document(segment: NeutralSegment) -> dict[str, Any]:
    """Returns the neutral form as JSON has it, which the Java program reads."""
    return {"id": segment.id, "all": [_leaf_document(leaf) for leaf in segment.leaves]}


def _leaf_document(leaf: Leaf) -> dict[str, Any]:
    if isinstance(leaf, VisitCount):
        return {"visits": leaf.path, "at_least": leaf.at_least, "within_ms": leaf.within_ms}
    return {"property": leaf.property, "operator": leaf.operator, "value": leaf.value}


def definitions(segments: Sequence[NeutralSegment]) -> dict[str, Any]:
    """Returns the definitions of an account with these segments and the declared types of the properties."""
    types = {
        **dict.fromkeys(NUMBERS, "number"),
        **dict.fromkeys(TEXTS, "text"),
        **dict.fromkeys((*BOOLEANS, PROBE), "boolean"),
    }
    return {"account": "default", "properties": types, "segments": [_definition(segment) for segment in segments]}


def _definition(segment: NeutralSegment) -> dict[str, Any]:
    conditions = [_condition(leaf) for leaf in segment.leaves]
    return {"id": segment.id, "dynamic": True, "when": conditions[0] if len(conditions) == 1 else {"all": conditions}}


def _condition(leaf: Leaf) -> dict[str, Any]:
    if isinstance(leaf, VisitCount):
        count = {"count": {"gte": leaf.at_least}} if leaf.at_least > 1 else {}
        return {"visit": {"path": {"eq": leaf.path}}, **count, "within": leaf.within}
    return {"property": leaf.property, leaf.operator: leaf.value}
