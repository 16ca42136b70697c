"""Which leaves share a past: a release that brings a leaf with a new identity counts from its own place on.

docs/state-bounds.md says what an identity is: the subject with its filter, the window, and how many instants decide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from streams.batch.operators import is_dated
from streams.batch.world import Condition, World

WINDOW = ("within", "between_ago", "since", "until", "in_zone")


def of_count(leaf: Condition, world: World) -> str:
    """Of a leaf that counts."""
    window = {name: leaf[name] for name in WINDOW if name in leaf}
    zone = world.zone if "since" in leaf or "until" in leaf else None
    return _named("count", _subject(leaf, world), window, zone, _enough(leaf))


def of_end(which: str, leaf: Condition, world: World) -> str:
    """Of a `first` or a `last`: whatever the window."""
    also = {} if leaf[which] is True else leaf[which]
    return _named(which, _subject(leaf, world), also, _zone_of({"also": also}, world))


def of_regular(leaf: Condition, world: World) -> str:
    """Of a leaf with `regular`, however many periods are wanted."""
    return _named("regular", _subject(leaf, world), leaf["regular"]["of"], leaf["regular"]["each"])


def of_sequence(leaf: Condition, world: World) -> str:
    """Of a sequence."""
    steps = [_subject(step, world) for step in leaf["sequence"]]
    return _named("sequence", steps, leaf.get("min_gap", 0), leaf.get("gap"), leaf["within"])


def of_held(leaf: Condition, world: World) -> str:
    """Of a property leaf with `held_for`, however long."""
    plain = {name: operand for name, operand in leaf.items() if name != "held_for"}
    name = leaf["property"] if isinstance(leaf["property"], str) else None
    return _named("held", plain, world.types.get(name) if name else None, world.zone)


def identities(condition: Condition, world: World) -> Iterator[str]:
    """Of every leaf of a condition that has a past; `world` gives zone and types."""
    for leaf in leaves(condition):
        if "sequence" in leaf:
            yield of_sequence(leaf, world)
        elif "visit" in leaf or "activity" in leaf:
            yield from _of_happening(leaf, world)
        elif "held_for" in leaf:
            yield of_held(leaf, world)


def leaves(condition: Condition) -> Iterator[Condition]:
    """Every leaf of a condition."""
    if "not" in condition:
        yield from leaves(condition["not"])
        return
    for junction in ("all", "any"):
        if junction in condition:
            for part in condition[junction]:
                yield from leaves(part)
            return
    yield condition


def _of_happening(leaf: Condition, world: World) -> Iterator[str]:
    if "regular" in leaf:
        yield of_regular(leaf, world)
    elif "first" in leaf or "last" in leaf:
        yield from (of_end(which, leaf, world) for which in ("first", "last") if which in leaf)
    else:
        yield of_count(leaf, world)


def _subject(leaf: Condition, world: World) -> list[Any]:
    name = "visit" if "visit" in leaf else "activity"
    return [name, leaf[name], _zone_of(leaf[name], world)]


def _zone_of(wanted: Condition, world: World) -> str | None:
    """The account's zone where a filter speaks of dates."""
    operators = [(name, x) for ops in wanted.values() for name, x in ops.items()]
    return world.zone if any(is_dated(name, x, None) for name, x in operators) else None


def _enough(leaf: Condition) -> int:
    """How many instants decide: see the table in docs/state-bounds.md."""
    if leaf.get("never"):
        return 1
    least, most = [0], []
    for name, x in leaf.get("count", {"gte": 1}).items():
        if name in ("eq", "gte", "gt"):
            least.append(x + (name == "gt"))
        if name in ("eq", "lte", "lt"):
            most.append(x - (name == "lt"))
        if name == "between":
            least.append(x[0])
            most.append(x[1])
    return max(min(most) + 1, 0) if most else max(least)


def _named(*parts: Any) -> str:
    return json.dumps(parts, sort_keys=True)
