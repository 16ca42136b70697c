"""One contact at one instant, with what is watched of it: how it stands, when it changed, when it will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.values import instant_text
from streams.engine.journal.effects import Output
from streams.engine.journal.records import Event
from streams.explain.leaf_facts import events_of, facts_of
from streams.explain.timeline import Change, Timeline
from streams.explain.tree import Branch, Leaf, Tree, Watched
from streams.store.contact_view import Sight

MOST_STEPS = 1_000
"""Instants of the future that are looked at for the next change of each node."""

Described = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """`from_journal` says whether the past is known: when things last changed, and the history."""

    sight: Sight
    release: int
    from_journal: bool
    last: dict[Watched, Change]
    next: dict[Watched, Change]
    looked_until: int | None
    """How far the future was looked at; None where time alone changes nothing behind it."""
    told: tuple[Event, ...] | None = None
    """The contact's events; None where the journal was not read."""
    outputs: tuple[Output, ...] = ()

    def times(self, watched: Watched) -> Described:
        """When it last changed, and when it next will by time alone."""
        last, following = self.last.get(watched), self.next.get(watched)
        times: Described = {}
        if last is not None:
            times["last_changed"] = instant_text(last.at)
            if last.event:
                times["changed_by"] = last.event
        elif self.from_journal:
            times["last_changed"] = None
        if following is not None:
            times["next_change"] = instant_text(following.at)
        return times

    def described(self, tree: Tree) -> Described:
        """A condition's tree; each node with its truth and times, each leaf with what it looked at."""
        holds = tree.look(self.sight)
        if isinstance(tree, Branch):
            children = [self.described(child) for child in tree.children]
            return {tree.kind: children, "holds": holds, **self.times(tree)}
        facts = {**facts_of(tree, self.sight), **self.events(tree)}
        return {"leaf": tree.written, "holds": holds, **facts, **self.times(tree)}

    def events(self, leaf: Leaf) -> Described:
        """The events that speak to a leaf, where they are known."""
        return {} if self.told is None else {"events": events_of(leaf, self.told)}


def moment_of(
    timeline: Timeline, watched: Sequence[Watched], told: tuple[Event, ...] | None, *, from_journal: bool = False
) -> Moment:
    """The timeline's present; the timeline itself goes on into a future in which only time passes."""
    sight = timeline.sight()
    assert sight is not None, "nobody asks about a contact that is not known"
    past, outputs = timeline.last, tuple(timeline.outputs)
    timeline.watch(watched)
    complete = timeline.pass_time(None, MOST_STEPS, lambda: len(timeline.first) == len(watched))
    return Moment(
        sight=sight,
        release=timeline.release(),
        from_journal=from_journal,
        last=past,
        next=timeline.first,
        looked_until=None if complete else timeline.now,
        told=told,
        outputs=outputs,
    )
