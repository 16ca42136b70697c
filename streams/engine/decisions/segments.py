"""Settles memberships in dependency order and emits their net changes (SPEC section 4)."""

from __future__ import annotations

from heapq import heappop, heappush

from streams.engine.conditions.protocols import EvaluationContext
from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.held_for import update_held_states
from streams.engine.decisions.outputs import OutputCause
from streams.engine.releases.compiled import CompiledSegment
from streams.engine.releases.inputs import ChangeSet


def settle_segments(context: DecisionContext) -> None:
    """Updates every membership that may have changed; a segment that others refer to comes before them."""
    release, evaluation_context, members = context.release, context.evaluation_context, context.contact.members
    waiting = release.segment_index.affected_by(context.changes)  # ascending, and so a heap
    queued = set(waiting)
    while waiting:
        segment = release.segments[heappop(waiting)]
        was_inside = segment.id in members
        if _is_member(segment, evaluation_context, was_inside) == was_inside:
            continue
        if was_inside:
            del members[segment.id]
        else:
            # A contact that left and came back within the record was never out.
            members[segment.id] = context.members_before.get(segment.id, context.now)
        for index in release.segment_index.dependents(segment.id):
            if index not in queued:
                queued.add(index)
                heappush(waiting, index)
    _clear_changes(context.changes)


def record_time_changes(context: DecisionContext) -> None:
    """Records what time alone changes at a record's instant before the record is applied, for the right causes."""
    members = context.contact.members
    context.changes.everything = True
    update_held_states(context)
    settle_segments(context)
    context.time_changes = {name: name in members for name in members.keys() ^ context.members_before.keys()}
    members.clear()
    members.update(context.members_before)
    context.changes.everything = True


def _is_member(segment: CompiledSegment, evaluation_context: EvaluationContext, is_inside: bool) -> bool:
    """Of a paused segment the membership stays as it is, unless the contact is deleted."""
    if segment.paused:
        return is_inside and evaluation_context.contact.status != "deleted"
    return segment.holds(evaluation_context)


def _clear_changes(changes: ChangeSet) -> None:
    """Empties the set: the next round of settling looks only at changes from here on."""
    changes.everything = False
    changes.properties.clear()
    changes.counters.clear()
    changes.static_segments.clear()
    changes.scores = changes.leads = False


def emit_segment_changes(context: DecisionContext) -> None:
    """Emits the net changes: first of segments that the release has no more, then in dependency order."""
    release, members = context.release, context.contact.members
    changed = members.keys() ^ context.members_before.keys()
    if not changed:
        return
    for name in context.members_before:
        if name not in release.segments_by_id:
            context.builder.add_segment_change(name, False, context.now, context.root_cause)
    for index in sorted(
        release.segment_index.index_by_id[name] for name in changed if name in release.segments_by_id
    ):
        segment = release.segments[index]
        _emit_segment_change(context, segment, segment.id in members)


def _emit_segment_change(context: DecisionContext, segment: CompiledSegment, is_inside: bool) -> None:
    cause = context.list_causes.get(segment.id, context.root_cause)
    if context.time_changes.get(segment.id) == is_inside:
        cause = OutputCause(kind="clock", release=context.root_cause.release)
    leaves = segment.deciding_leaves(context.evaluation_context)
    context.builder.add_segment_change(segment.id, is_inside, context.now, cause, leaves)
