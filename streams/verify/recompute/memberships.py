"""The segments of a contact at an instant, computed from its whole history (SPEC section 4)."""

from __future__ import annotations

from collections.abc import Callable

from schemas.definitions import Segment
from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.model import ContactModel, FixedMemberships, PlainCondition
from streams.verify.recompute.releases import JournalRelease

ConditionEvaluator = Callable[[PlainCondition, int], bool]


def compute_members(
    model: ContactModel,
    release: JournalRelease,
    now: int,
    fixed_memberships: FixedMemberships,
    evaluate: ConditionEvaluator | None = None,
) -> set[str]:
    """Returns the ids of the segments at `now` (ms); `evaluate` replaces the evaluation of conditions, for a
    cache.
    """

    def is_true(segment: str) -> bool:
        condition = release.conditions[segment]
        return holds(condition, model, now) if evaluate is None else evaluate(condition, now)

    model.members = set()
    for segment in release.segments_in_order:
        if _is_in(segment, model, fixed_memberships, is_true):
            model.members.add(segment.id)
    return set(model.members)


def _is_in(
    segment: Segment, model: ContactModel, fixed_memberships: FixedMemberships, is_true: Callable[[str], bool]
) -> bool:
    if segment.paused:
        return fixed_memberships.frozen.get(segment.id, False)
    if model.status not in segment.statuses:
        return False
    return is_true(segment.id) if segment.dynamic else segment.id in fixed_memberships.listed
