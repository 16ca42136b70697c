"""One contact at one instant, with its tracked values: what they are, when they changed, when they will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.values import instant_text
from streams.engine.journal.effects import Output
from streams.engine.journal.records import JournalEvent
from streams.explain.leaf_facts import leaf_facts, matching_events
from streams.explain.timeline import ContactTimeline, ValueChange
from streams.explain.tree import ConditionBranch, ConditionLeaf, ConditionTree, TrackedValue
from streams.store.contact_view import ContactView

MAX_FUTURE_STEPS = 1_000
"""Instants of the future that are looked at for the next change of each node."""

Description = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TimelineSnapshot:
    """`from_journal` says whether the past is known: when things last changed, and the history."""

    view: ContactView
    release: int
    from_journal: bool
    last_changes: dict[TrackedValue, ValueChange]
    next_changes: dict[TrackedValue, ValueChange]
    horizon: int | None
    """How far the future was looked at; None where time alone changes nothing behind it."""
    contact_events: tuple[JournalEvent, ...] | None = None
    """The contact's events; None where the journal was not read."""
    outputs: tuple[Output, ...] = ()

    def change_times(self, tracked_value: TrackedValue) -> Description:
        """When it last changed, and when it next will by time alone."""
        last_change, next_change = self.last_changes.get(tracked_value), self.next_changes.get(tracked_value)
        times: Description = {}
        if last_change is not None:
            times["last_changed"] = instant_text(last_change.at)
            if last_change.event_id:
                times["changed_by"] = last_change.event_id
        elif self.from_journal:
            times["last_changed"] = None
        if next_change is not None:
            times["next_change"] = instant_text(next_change.at)
        return times

    def to_dict(self, tree: ConditionTree) -> Description:
        """A condition's tree; each node with its truth and times, each leaf with what it looked at."""
        holds = tree.current_value(self.view)
        if isinstance(tree, ConditionBranch):
            children = [self.to_dict(child) for child in tree.children]
            return {tree.operator: children, "holds": holds, **self.change_times(tree)}
        facts = {**leaf_facts(tree, self.view), **self.leaf_events(tree)}
        return {"leaf": tree.definition, "holds": holds, **facts, **self.change_times(tree)}

    def leaf_events(self, leaf: ConditionLeaf) -> Description:
        """The events that speak to a leaf, where they are known."""
        return {} if self.contact_events is None else {"events": matching_events(leaf, self.contact_events)}


def take_snapshot(
    timeline: ContactTimeline,
    tracked_values: Sequence[TrackedValue],
    events: tuple[JournalEvent, ...] | None,
    *,
    from_journal: bool = False,
) -> TimelineSnapshot:
    """The timeline's present; the timeline itself goes on into a future in which only time passes."""
    sight = timeline.view()
    assert sight is not None, "nobody asks about a contact that is not known"
    past, outputs = timeline.last_changes, tuple(timeline.outputs)
    timeline.track(tracked_values)
    complete = timeline.advance_time(
        None, MAX_FUTURE_STEPS, lambda: len(timeline.first_changes) == len(tracked_values)
    )
    return TimelineSnapshot(
        view=sight,
        release=timeline.release_number(),
        from_journal=from_journal,
        last_changes=past,
        next_changes=timeline.first_changes,
        horizon=None if complete else timeline.now,
        contact_events=events,
        outputs=outputs,
    )
