"""When time alone may change a leaf: rather too many instants than too few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from streams.verify.recompute.conditions.activities import meant
from streams.verify.recompute.conditions.dates import length
from streams.verify.recompute.conditions.evaluate import MOMENTS
from streams.verify.recompute.conditions.operators import zone_for
from streams.verify.recompute.conditions.property_instants import of_date, of_property
from streams.verify.recompute.model import Condition, World


def instants_of(leaf: Condition, world: World, after: int, until: int) -> Iterator[int]:
    """Instants in (after, until); `world` does not change in between."""
    for instant in _all_instants(leaf, world, after, until):
        if after < instant < until:
            yield instant


def _all_instants(leaf: Condition, world: World, after: int, until: int) -> Iterator[int]:
    if "visit" in leaf or "activity" in leaf:
        yield from _of_happenings(leaf, world, after, until)
    elif "sequence" in leaf:
        within = length(leaf["within"])
        yield from (event.at + within for event in world.history)
    elif "inactive_for" in leaf:
        lasts = length(leaf["inactive_for"])
        yield from (at + lasts for at in (world.created, *(event.at for event in world.history)))
    elif "held_for" in leaf:
        yield from _of_held(leaf, world, after, until)
    elif "property" in leaf:
        yield from of_property(leaf, [world], after, until)
    else:
        for moment in MOMENTS:
            yield from _of_moment(leaf.get(moment, {}), world, after, until)


def _of_happenings(leaf: Condition, world: World, after: int, until: int) -> Iterator[int]:
    """Each event comes into a window and leaves it."""
    lengths = [length(leaf["within"])] if "within" in leaf else []
    lengths += [length(ago) for ago in leaf.get("between_ago", [])]
    if "regular" in leaf:
        each = length(leaf["regular"]["each"])
        lengths += [number * each for number in range(1, leaf["regular"]["of"] + 1)]
    moving = [leaf[name] for name in ("since", "until") if leaf.get(name, "").startswith("now")]
    zone = zone_for(leaf, world)
    for event in meant(leaf, world):
        yield from (event.at + apart for apart in lengths)
        for text in moving:
            yield from of_date(event.at, text, zone, after, until)


def _of_moment(tests: Condition, world: World, after: int, until: int) -> Iterator[int]:
    zone = zone_for(tests, world)
    for name, operand in tests.items():
        if name == "in_zone":
            continue
        x = length(operand) if name in ("within_last", "older_than") else operand
        for event in world.history:
            yield from of_date(event.at, x, zone, after, until)


def _of_held(leaf: Condition, world: World, after: int, until: int) -> Iterator[int]:
    """Whatever changes the leaf itself does so at once, and once more when it has been held for so long."""
    held_for = length(leaf["held_for"])
    pasts = [replace(world, properties=known) for _, known in world.patches]
    changes = {world.created, *(at for at, _ in world.patches)}
    changes.update(of_property(leaf, pasts, after - held_for - 1, until))
    for change in changes:
        yield from (change, change + held_for)
