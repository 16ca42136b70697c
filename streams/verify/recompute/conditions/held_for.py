"""`held_for`: the leaf has been true at every instant of that time, asked at each instant that may tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from streams.verify.recompute.conditions.dates import length
from streams.verify.recompute.conditions.operators import passes
from streams.verify.recompute.conditions.properties import property_holds
from streams.verify.recompute.conditions.property_instants import of_property
from streams.verify.recompute.model import Condition, World

EVERY_MS = 50
"""Up to this length (ms) every single millisecond is tried."""


def held(leaf: Condition, world: World, now: int) -> bool:
    """True at every instant, and the contact was there all the time.

    Beyond `EVERY_MS` the instants tried are the patches and those at which time alone may have changed the leaf, for
    every value that the property had, and a millisecond before and after each.
    """
    since = now - length(leaf["held_for"])
    if since < world.created:
        return False
    return all(_holds(leaf, _as_of(world, at), at) for at in _instants(leaf, world, since, now))


def _holds(leaf: Condition, world: World, now: int) -> bool:
    if "tags" in leaf:
        return passes(world.properties.get("tags"), leaf["tags"], "list", world, now)
    return property_holds(leaf, world, now)


def _as_of(world: World, at: int) -> World:
    """With the properties as they were at an instant, after everything that happened at it."""
    known = [properties for since, properties in world.patches if since <= at]
    return replace(world, properties=known[-1] if known else {})


def _instants(leaf: Condition, world: World, since: int, now: int) -> Iterable[int]:
    if now - since <= EVERY_MS:
        return range(since, now + 1)
    pasts = [replace(world, properties=known) for _, known in world.patches]
    telling = {since, now, *(at for at, _ in world.patches), *of_property(leaf, pasts, since, now)}
    nearby = {near for at in telling for near in (at - 1, at, at + 1)}
    return sorted(instant for instant in nearby if since <= instant <= now)
