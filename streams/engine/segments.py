"""Memberships: settled in dependency order, told net (SPEC section 4)."""

from __future__ import annotations

import msgspec

from streams.engine.compiled import CompiledSegment
from streams.engine.turn import Turn


def settle_segments(turn: Turn) -> None:
    """Brings every membership to what it is now; a segment that others refer to comes before them."""
    contact, scene, members = turn.contact, turn.scene, turn.contact.members
    for segment in turn.release.segments:
        if segment.paused:
            if contact.status == "deleted":
                members.pop(segment.id, None)
        elif not segment.holds(scene):
            members.pop(segment.id, None)
        elif segment.id not in members:
            # One that left and came back within the record was never out.
            members[segment.id] = turn.was.get(segment.id, turn.now)


def tell_segments(turn: Turn) -> None:
    """The net changes of the turn: first the segments that exist no more, then in dependency order."""
    if turn.contact.members.keys() == turn.was.keys():
        return
    for name in turn.was:
        if name not in turn.release.segment:
            turn.drafts.segment_changed(name, False, turn.now, turn.root)
    for segment in turn.release.segments:
        inside = segment.id in turn.contact.members
        if inside != (segment.id in turn.was):
            _tell(turn, segment, inside)


def _tell(turn: Turn, segment: CompiledSegment, inside: bool) -> None:
    cause = turn.listings.get(segment.id, turn.root)
    leaves = segment.leaves(turn.scene)
    if leaves:
        cause = msgspec.structs.replace(cause, leaves=leaves)
    turn.drafts.segment_changed(segment.id, inside, turn.now, cause)
