"""Which segments a contact is a member of at an instant, asked of its whole history (SPEC section 4)."""

from __future__ import annotations

from collections.abc import Callable

from schemas.definitions import Segment
from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.model import Condition, Kept, World
from streams.verify.recompute.releases import InForce

Ask = Callable[[Condition, int], bool]


def members(world: World, release: InForce, now: int, kept: Kept, ask: Ask | None = None) -> set[str]:
    """The segments it is in; `ask` says whether a condition holds, where it is not asked afresh."""

    def is_true(segment: str) -> bool:
        condition = release.conditions[segment]
        return holds(condition, world, now) if ask is None else ask(condition, now)

    world.members = set()
    for segment in release.in_order:
        if _is_in(segment, world, kept, is_true):
            world.members.add(segment.id)
    return set(world.members)


def _is_in(segment: Segment, world: World, kept: Kept, is_true: Callable[[str], bool]) -> bool:
    if segment.paused:
        return kept.frozen.get(segment.id, False)
    if world.status not in segment.statuses:
        return False
    return is_true(segment.id) if segment.dynamic else segment.id in kept.listed
