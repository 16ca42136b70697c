"""Why a contact is in a segment, or is not."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from schemas.definitions import Definitions, Segment
from schemas.values import instant_text
from streams.explain.changes import history_of
from streams.explain.snapshot import Moment
from streams.explain.tree import Tree, Watched, nodes_of, surroundings_of, tree_of
from streams.store.contact_view import Sight


@dataclass(frozen=True, eq=False)
class Member:
    """Whether the contact is a member; the engine itself is due where that changes."""

    segment: str
    before: ClassVar[tuple[Hashable, ...]] = (False,)

    def look(self, sight: Sight) -> bool:
        return self.segment in sight.contact.members

    def due(self, sight: Sight) -> int | None:  # noqa: ARG002 - all that is watched is asked
        return None


class SegmentSubject:
    """A segment to be explained."""

    def __init__(self, segment: Segment, definitions: Definitions) -> None:
        self.id = segment.id
        self._segment = segment
        self._member = Member(segment.id)
        self._tree: Tree | None = None
        if segment.dynamic and segment.when is not None:
            self._tree = tree_of(segment.when, surroundings_of(definitions))

    def watched(self) -> list[Watched]:
        """The membership and every node of the condition."""
        return [self._member, *(nodes_of(self._tree) if self._tree is not None else ())]

    def explained(self, moment: Moment) -> dict[str, Any]:
        """For a machine; `reasons` are for people, too."""
        contact = moment.sight.contact
        since = contact.members.get(self.id)
        found: dict[str, Any] = {"segment": self.id, "member": since is not None}
        if since is not None:
            found["since"] = instant_text(since)
        found |= moment.times(self._member)
        found |= {"dynamic": self._segment.dynamic, "paused": self._segment.paused}
        found["reasons"] = self._reasons(moment.sight)
        if self._tree is not None:
            found["condition"] = moment.described(self._tree)
        else:
            found["listed"] = self.id in contact.listed
        if moment.from_journal:
            found["history"] = history_of(moment.outputs, "segment", self.id)
        return found

    def _reasons(self, sight: Sight) -> list[str]:
        """Why it is so, the decisive one first."""
        segment, status = self._segment, sight.contact.status
        reasons = []
        if segment.paused:
            reasons.append("the segment is paused: memberships stay as they were when it was paused")
        if status not in segment.statuses:
            takes = ", ".join(segment.statuses)
            reasons.append(f"the contact's status {status} keeps it out: the segment takes {takes}")
        if self._tree is not None:
            truth = "true" if self._tree.look(sight) else "false"
            reasons.append(f"the condition is {truth}")
        else:
            listed = "listed" if self.id in sight.contact.listed else "not listed"
            reasons.append(f"the contact is {listed} in this static segment")
        return reasons
