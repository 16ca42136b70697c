"""Explains why a contact is in a segment, or is not."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from schemas.definitions import Definitions, Segment
from schemas.values import instant_text
from streams.engine.releases.conditions import build_compile_scope
from streams.explain.changes import recent_changes
from streams.explain.snapshot import TimelineSnapshot
from streams.explain.tree import ConditionTree, TrackedValue, build_tree, tree_nodes
from streams.store.contact_view import ContactView


@dataclass(frozen=True, eq=False)
class TrackedMembership:
    """Tracks whether the contact is a member; the engine's own timer covers changes by time."""

    segment: str
    initial_values: ClassVar[tuple[Hashable, ...]] = (False,)

    def current_value(self, view: ContactView) -> bool:
        return self.segment in view.contact.members

    def due(self, view: ContactView) -> int | None:  # noqa: ARG002 - the protocol passes it to every tracked value
        return None


class SegmentSubject:
    """Explains the membership of a contact in a segment."""

    def __init__(self, segment: Segment, definitions: Definitions) -> None:
        self.id = segment.id
        self._segment = segment
        self._tracked_membership = TrackedMembership(segment.id)
        self._tree: ConditionTree | None = None
        if segment.dynamic and segment.when is not None:
            self._tree = build_tree(segment.when, build_compile_scope(definitions))

    def tracked_values(self) -> list[TrackedValue]:
        """Returns the membership and every node of the condition."""
        return [self._tracked_membership, *(tree_nodes(self._tree) if self._tree is not None else ())]

    def explain(self, snapshot: TimelineSnapshot) -> dict[str, Any]:
        """Returns the explanation as JSON; `reasons` are texts for people."""
        contact = snapshot.view.contact
        since = contact.members.get(self.id)
        answer: dict[str, Any] = {"segment": self.id, "member": since is not None}
        if since is not None:
            answer["since"] = instant_text(since)
        answer |= snapshot.change_times(self._tracked_membership)
        answer |= {"dynamic": self._segment.dynamic, "paused": self._segment.paused}
        answer["reasons"] = self._reasons(snapshot.view)
        if self._tree is not None:
            answer["condition"] = snapshot.to_dict(self._tree)
        else:
            answer["listed"] = self.id in contact.listed
        if snapshot.from_journal:
            answer["history"] = recent_changes(snapshot.outputs, "segment", self.id)
        return answer

    def _reasons(self, view: ContactView) -> list[str]:
        """Returns the reasons, the decisive one first."""
        segment, status = self._segment, view.contact.status
        reasons = []
        if segment.paused:
            reasons.append("the segment is paused: memberships stay as they were when it was paused")
        if status not in segment.statuses:
            statuses = ", ".join(segment.statuses)
            reasons.append(f"the contact's status {status} keeps it out: the segment takes {statuses}")
        if self._tree is not None:
            truth = "true" if self._tree.current_value(view) else "false"
            reasons.append(f"the condition is {truth}")
        else:
            listed = "listed" if self.id in view.contact.listed else "not listed"
            reasons.append(f"the contact is {listed} in this static segment")
        return reasons
