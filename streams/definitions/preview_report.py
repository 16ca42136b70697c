"""Who would enter and leave, and what would become of leads, counted; with a few of them by name."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from schemas.topics import LEAD_CHANGES, QUALIFIED_LEADS, SEGMENT_CHANGES

SAMPLE_SIZE = 5

LeadTransition = tuple[str | None, str]
"""A lead's status before, None for one that is made, and after."""


@dataclass(slots=True)
class ContactGroup:
    """How many contacts, and a sample that is the same whenever they are the same."""

    count: int = 0
    _sample: list[tuple[bytes, str]] = field(default_factory=list)

    def add(self, contact: str) -> None:
        """One more."""
        self.count += 1
        insort(self._sample, (blake2b(contact.encode(), digest_size=8).digest(), contact))
        del self._sample[SAMPLE_SIZE:]

    @property
    def sample(self) -> list[str]:
        """Some of them, by id."""
        return sorted(contact for _, contact in self._sample)

    def to_dict(self) -> dict[str, Any]:
        """For a machine."""
        return {"count": self.count, "sample": self.sample}

    def sample_text(self) -> str:
        """` (ada, bob, ...)`; nothing where there is nobody."""
        more = ", ..." if self.count > len(self._sample) else ""
        return f" ({', '.join(self.sample)}{more})" if self.count else ""


@dataclass(slots=True)
class MembershipPreview:
    """Of one segment."""

    enter: ContactGroup = field(default_factory=ContactGroup)
    leave: ContactGroup = field(default_factory=ContactGroup)

    def to_dict(self) -> dict[str, Any]:
        """For a machine."""
        return {"enter": self.enter.to_dict(), "leave": self.leave.to_dict()}

    def text(self) -> str:
        """For people."""
        return f"{_would_text(self.enter, 'enter')}, {_would_text(self.leave, 'leave')}"


@dataclass(slots=True)
class LeadPreview:
    """Of one campaign. A lead may take several steps at once; each is counted."""

    transitions: dict[LeadTransition, ContactGroup] = field(default_factory=dict)
    hand_overs: ContactGroup = field(default_factory=ContactGroup)

    def add_transition(self, before: str | None, after: str, contact: str) -> None:
        """One more that goes this way."""
        self.transitions.setdefault((before, after), ContactGroup()).add(contact)

    def to_dict(self) -> dict[str, Any]:
        """For a machine; `from` is null for leads that are made."""
        steps = [
            {"from": before, "to": after, **group.to_dict()}
            for (before, after), group in _sorted_transitions(self.transitions)
        ]
        return {"steps": steps, "handed_over": self.hand_overs.to_dict()}

    def lines(self) -> Iterator[str]:
        """For people."""
        for (before, after), group in _sorted_transitions(self.transitions):
            how = f"made {after}" if before is None else f"changed from {before} to {after}"
            yield f"{_lead_count_text(group)} would be {how}{group.sample_text()}"
        if self.hand_overs.count:
            yield f"{_lead_count_text(self.hand_overs)} would be handed over{self.hand_overs.sample_text()}"


@dataclass(slots=True)
class PreviewReport:
    """What a release would emit, counted. `scanned_count` contacts were looked at."""

    scanned_count: int = 0
    is_journal_scanned: bool = False
    partitions_behind: int = 0
    """Partitions in which the latest release does not decide yet: there the one that does is compared with."""
    segments: dict[str, MembershipPreview] = field(default_factory=dict)
    campaigns: dict[str, LeadPreview] = field(default_factory=dict)

    def add(self, topic: str, body: Mapping[str, Any]) -> None:
        """One output of the release; those of the tables say nothing more."""
        contact = body["contact"]
        if topic == SEGMENT_CHANGES.name:
            moves = self.segments.setdefault(body["segment"], MembershipPreview())
            (moves.enter if body["type"] == "segment.entered" else moves.leave).add(contact)
        elif topic == LEAD_CHANGES.name and body["type"] == "lead.status_changed":
            self._lead_preview(body["campaign"]).add_transition(body["from"], body["to"], contact)
        elif topic == QUALIFIED_LEADS.name:
            self._lead_preview(body["campaign"]["id"]).hand_overs.add(contact)

    def membership_preview(self, segment: str) -> MembershipPreview:
        """Who would enter and leave one segment."""
        return self.segments.get(segment, MembershipPreview())

    def to_dict(self) -> dict[str, Any]:
        """For a machine; segments and campaigns in which nothing would happen are left out."""
        return {
            "scanned": self.scanned_count,
            "journal_scanned": self.is_journal_scanned,
            "partitions_behind": self.partitions_behind,
            "segments": {name: self.segments[name].to_dict() for name in sorted(self.segments)},
            "campaigns": {name: self.campaigns[name].to_dict() for name in sorted(self.campaigns)},
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        contacts = "1 contact" if self.scanned_count == 1 else f"{self.scanned_count} contacts"
        scanned = f"{contacts} and the journal scanned" if self.is_journal_scanned else f"{contacts} scanned"
        if not self.segments and not self.campaigns:
            yield f"nobody would enter or leave, no lead would change ({scanned})"
        else:
            yield f"who would enter and leave ({scanned}):"
        for name in sorted(self.segments):
            yield f"  segment {name}: {self.segments[name].text()}"
        for name in sorted(self.campaigns):
            yield from (f"  campaign {name}: {text}" for text in self.campaigns[name].lines())
        if self.partitions_behind:
            behind = f"in {self.partitions_behind} partitions against an earlier release"
            yield f"  {behind}: the latest does not decide there yet"

    def _lead_preview(self, campaign: str) -> LeadPreview:
        return self.campaigns.setdefault(campaign, LeadPreview())


def _sorted_transitions(
    transitions: Mapping[LeadTransition, ContactGroup],
) -> list[tuple[LeadTransition, ContactGroup]]:
    return sorted(transitions.items(), key=lambda entry: (entry[0][0] or "", entry[0][1]))


def _would_text(group: ContactGroup, verb: str) -> str:
    return f"{group.count or 'nobody'} would {verb}{group.sample_text()}"


def _lead_count_text(group: ContactGroup) -> str:
    return "1 lead" if group.count == 1 else f"{group.count} leads"
