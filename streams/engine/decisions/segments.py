"""Memberships: settled in dependency order, told net (SPEC section 4)."""

from __future__ import annotations

from heapq import heappop, heappush

import msgspec

from streams.engine.conditions.protocols import Scene
from streams.engine.decisions.context import Turn
from streams.engine.decisions.held_for import follow
from streams.engine.decisions.outputs import Cause
from streams.engine.releases.compiled import CompiledSegment
from streams.engine.releases.inputs import Changes


def settle_segments(turn: Turn) -> None:
    """Brings every membership to what it is now; a segment that others refer to comes before them."""
    release, scene, members = turn.release, turn.scene, turn.contact.members
    waiting = release.index.touched(turn.changes)  # ascending, and so a heap
    known = set(waiting)
    while waiting:
        segment = release.segments[heappop(waiting)]
        inside = segment.id in members
        if _belongs(segment, scene, inside) == inside:
            continue
        if inside:
            del members[segment.id]
        else:
            # One that left and came back within the record was never out.
            members[segment.id] = turn.was.get(segment.id, turn.now)
        for place in release.index.dependents(segment.id):
            if place not in known:
                known.add(place)
                heappush(waiting, place)
    _passed_on(turn.changes)


def note_what_time_changes(turn: Turn) -> None:
    """Before a record is applied whose instant is due: what would change without it, so that causes stay true."""
    members = turn.contact.members
    turn.changes.everything = True
    follow(turn)
    settle_segments(turn)
    turn.by_time = {name: name in members for name in members.keys() ^ turn.was.keys()}
    members.clear()
    members.update(turn.was)
    turn.changes.everything = True


def _belongs(segment: CompiledSegment, scene: Scene, inside: bool) -> bool:
    """A paused segment is frozen as it is, but for deletion."""
    if segment.paused:
        return inside and scene.contact.status != "deleted"
    return segment.holds(scene)


def _passed_on(changes: Changes) -> None:
    """What has been looked at now; the next round of the turn looks at what changes from here on."""
    changes.everything = False
    changes.properties.clear()
    changes.counters.clear()
    changes.lists.clear()
    changes.scores = changes.leads = False


def tell_segments(turn: Turn) -> None:
    """The net changes of the turn: first the segments that exist no more, then in dependency order."""
    release, members = turn.release, turn.contact.members
    changed = members.keys() ^ turn.was.keys()
    if not changed:
        return
    for name in turn.was:
        if name not in release.segment:
            turn.drafts.segment_changed(name, False, turn.now, turn.root)
    for place in sorted(release.index.position[name] for name in changed if name in release.segment):
        segment = release.segments[place]
        _tell(turn, segment, segment.id in members)


def _tell(turn: Turn, segment: CompiledSegment, inside: bool) -> None:
    cause = turn.listings.get(segment.id, turn.root)
    if turn.by_time.get(segment.id) == inside:
        cause = Cause(kind="clock", release=turn.root.release)
    leaves = segment.leaves(turn.scene)
    if leaves:
        cause = msgspec.structs.replace(cause, leaves=leaves)
    turn.drafts.segment_changed(segment.id, inside, turn.now, cause)
