"""Which segments a contact is a member of at an instant, asked of its whole history (SPEC section 4)."""

from __future__ import annotations

from collections.abc import Collection

from schemas.definitions import Segment
from streams.batch.conditions import holds
from streams.batch.leaves import leaves
from streams.batch.timeline import InForce
from streams.batch.world import Condition, Kept, World


def members(
    world: World,
    release: InForce,
    now: int,
    kept: Kept,
    *,
    aside: Collection[str] = (),
    known: Collection[str] = (),
) -> set[str]:
    """The segments it is in; of those `aside` it is in the ones that are `known`, without asking."""
    world.members = set(known)
    decided = set(aside)
    waiting = [segment for segment in release.definitions.segments if segment.id not in decided]
    while waiting:
        ready = [each for each in waiting if references(release.conditions.get(each.id, {})) <= decided]
        for segment in ready:
            if _is_in(segment, world, release, now, kept):
                world.members.add(segment.id)
        decided |= {segment.id for segment in ready}
        waiting = [segment for segment in waiting if segment.id not in decided]
    return set(world.members)


def references(condition: Condition) -> set[str]:
    """The segments that a condition refers to."""
    return {leaf["segment"] for leaf in leaves(condition) if "segment" in leaf}


def _is_in(segment: Segment, world: World, release: InForce, now: int, kept: Kept) -> bool:
    if segment.paused:
        return kept.frozen.get(segment.id, False)
    if world.status not in segment.statuses:
        return False
    if not segment.dynamic:
        return segment.id in kept.listed
    return holds(release.conditions[segment.id], world, now)
