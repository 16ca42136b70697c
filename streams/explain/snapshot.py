"""Describes a contact at one instant: its tracked values, when they changed, and when time will change them."""

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
"""Number of future instants that are searched for the next change of each node."""

Description = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TimelineSnapshot:
    """A contact at one instant; `from_journal`: the last changes and the history are known."""

    view: ContactView
    release: int
    from_journal: bool
    last_changes: dict[TrackedValue, ValueChange]
    next_changes: dict[TrackedValue, ValueChange]
    horizon: int | None
    """The instant (ms) at which the search of the future stopped; None where time changes nothing after it."""
    contact_events: tuple[JournalEvent, ...] | None = None
    """The contact's events; None where the journal was not read."""
    outputs: tuple[Output, ...] = ()

    def change_times(self, tracked_value: TrackedValue) -> Description:
        """Returns when the value last changed, and when time alone changes it next."""
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
        """Returns a condition's tree as JSON: nodes with truth and change times, leaves also with inputs."""
        holds = tree.current_value(self.view)
        if isinstance(tree, ConditionBranch):
            children = [self.to_dict(child) for child in tree.children]
            return {tree.operator: children, "holds": holds, **self.change_times(tree)}
        facts = {**leaf_facts(tree, self.view), **self.leaf_events(tree)}
        return {"leaf": tree.definition, "holds": holds, **facts, **self.change_times(tree)}

    def leaf_events(self, leaf: ConditionLeaf) -> Description:
        """Returns the events that are relevant to a leaf, where the journal was read."""
        return {} if self.contact_events is None else {"events": matching_events(leaf, self.contact_events)}


def take_snapshot(
    timeline: ContactTimeline,
    tracked_values: Sequence[TrackedValue],
    events: tuple[JournalEvent, ...] | None,
    *,
    from_journal: bool = False,
) -> TimelineSnapshot:
    """Returns the timeline's present; advances the timeline through time alone to find the next changes."""
    view = timeline.view()
    assert view is not None, "callers check that the contact exists"
    last_changes, outputs = timeline.last_changes, tuple(timeline.outputs)
    timeline.track(tracked_values)
    is_complete = timeline.advance_time(
        None, MAX_FUTURE_STEPS, lambda: len(timeline.first_changes) == len(tracked_values)
    )
    return TimelineSnapshot(
        view=view,
        release=timeline.release_number(),
        from_journal=from_journal,
        last_changes=last_changes,
        next_changes=timeline.first_changes,
        horizon=None if is_complete else timeline.now,
        contact_events=events,
        outputs=outputs,
    )
