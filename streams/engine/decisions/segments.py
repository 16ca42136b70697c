"""Settles memberships in dependency order and emits their net changes (SPEC section 4)."""

from __future__ import annotations

from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.held_for import update_held_states
from streams.engine.decisions.outputs import OutputCause
from streams.engine.graph.mask_places import places_of
from streams.engine.releases.compiled import CompiledSegment


def settle_segments(context: DecisionContext) -> None:
    """Updates every membership that may have changed; a segment that others refer to comes before them."""
    truths, evaluation_context = context.truths, context.evaluation_context
    flipped = truths.apply(context.changes, evaluation_context)
    if not flipped:
        return
    waiting = places_of(flipped)
    members, segments = context.contact.members, context.release.segments
    while True:
        for index in waiting:
            is_inside = truths.holds(index, evaluation_context)
            if is_inside is not (segments[index].id in members) and (
                followers := _change_membership(context, index, is_inside)
            ):
                # All that refer to the segment come after it.
                later = [each for each in waiting if each > index]
                waiting = sorted({*later, *places_of(followers)})
                break
        else:
            return


def _change_membership(context: DecisionContext, index: int, is_inside: bool) -> int:
    """Returns the mask of the segments that may follow."""
    name, members = context.release.segments[index].id, context.contact.members
    if is_inside:
        before = context.members_before.setdefault(name, None)
        # A contact that left and came back within the record was never out.
        members[name] = context.now if before is None else before
    else:
        context.members_before.setdefault(name, members.pop(name))
    return context.truths.change_member(index, name, context.evaluation_context)


def record_time_changes(context: DecisionContext) -> None:
    """Records what time alone changes at a record's instant before the record is applied, for the right causes."""
    members, truths = context.contact.members, context.truths
    members_before, mask_before = dict(members), truths.members
    update_held_states(context)
    settle_segments(context)
    context.changes.clear()
    context.time_changes = {name: name in members for name in members.keys() ^ members_before.keys()}
    members.clear()
    members.update(members_before)
    context.members_before.clear()
    truths.take_back(mask_before)


def emit_segment_changes(context: DecisionContext) -> None:
    """Emits the net changes: first of segments that the release has no more, then in dependency order."""
    if not context.members_before:
        return
    release, members = context.release, context.contact.members
    index_by_id = release.segment_graph.index_by_id
    changed: list[int] = []
    for name, since in context.members_before.items():
        if (since is None) is (name in members):
            index = index_by_id.get(name)
            if index is None:
                context.builder.add_segment_change(name, False, context.now, context.root_cause)
            else:
                changed.append(index)
    changed.sort()
    for index in changed:
        _emit_segment_change(context, release.segments[index])


def _emit_segment_change(context: DecisionContext, segment: CompiledSegment) -> None:
    is_inside = segment.id in context.contact.members
    cause = context.list_causes.get(segment.id, context.root_cause)
    if context.time_changes.get(segment.id) == is_inside:
        cause = OutputCause(kind="clock", release=context.root_cause.release)
    leaves = segment.deciding_leaves(context.evaluation_context, is_inside)
    context.builder.add_segment_change(segment.id, is_inside, context.now, cause, leaves)
