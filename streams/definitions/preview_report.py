"""Counts who would enter and leave and how leads would change, with a sample of contact ids."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from schemas.definitions import Definitions
from schemas.topics import LEAD_CHANGES, NOTIFICATIONS, QUALIFIED_LEADS, SEGMENT_CHANGES
from streams.definitions.stored_values.event_checks import EventCheck, definitions_event_checks
from streams.definitions.stored_values.mismatches import ValueMismatches
from streams.definitions.stored_values.new_declarations import NewDeclarations
from streams.definitions.stored_values.property_checks import definitions_checks
from streams.engine.state.contact import Contact

SAMPLE_SIZE = 5

LeadTransition = tuple[str | None, str]
"""A lead's status before (None: a new lead) and after."""


@dataclass(slots=True)
class ContactGroup:
    """The number of contacts, and a sample that depends on the contacts alone, not on their order."""

    count: int = 0
    _sample: list[tuple[bytes, str]] = field(default_factory=list)

    def add(self, contact: str) -> None:
        """Adds a contact."""
        self.count += 1
        insort(self._sample, (blake2b(contact.encode(), digest_size=8).digest(), contact))
        del self._sample[SAMPLE_SIZE:]

    @property
    def sample(self) -> list[str]:
        """The ids of up to `SAMPLE_SIZE` contacts, sorted."""
        return sorted(contact for _, contact in self._sample)

    def to_dict(self) -> dict[str, Any]:
        """Returns the count and the sample as JSON for a machine."""
        return {"count": self.count, "sample": self.sample}

    def sample_text(self) -> str:
        """Returns ` (ada, bob, ...)`; an empty text for an empty group."""
        more = ", ..." if self.count > len(self._sample) else ""
        return f" ({', '.join(self.sample)}{more})" if self.count else ""


@dataclass(slots=True)
class MembershipPreview:
    """The contacts that would enter and leave one segment."""

    enter: ContactGroup = field(default_factory=ContactGroup)
    leave: ContactGroup = field(default_factory=ContactGroup)

    def to_dict(self) -> dict[str, Any]:
        """Returns both groups as JSON for a machine."""
        return {"enter": self.enter.to_dict(), "leave": self.leave.to_dict()}

    def text(self) -> str:
        """Returns both groups as text for people."""
        return f"{_would_text(self.enter, 'enter')}, {_would_text(self.leave, 'leave')}"


@dataclass(slots=True)
class LeadPreview:
    """What would happen to the leads of one campaign. A lead may take several steps at once; each is counted."""

    transitions: dict[LeadTransition, ContactGroup] = field(default_factory=dict)
    hand_overs: ContactGroup = field(default_factory=ContactGroup)
    notices: dict[str, ContactGroup] = field(default_factory=dict)
    """Name of a notice -> the leads that it would tell of."""

    def add_transition(self, before: str | None, after: str, contact: str) -> None:
        """Adds a lead that takes this step; `before` is None for a new lead."""
        self.transitions.setdefault((before, after), ContactGroup()).add(contact)

    def add_notice(self, notice: str, contact: str) -> None:
        """Adds a lead that a rule would tell of."""
        self.notices.setdefault(notice, ContactGroup()).add(contact)

    def to_dict(self) -> dict[str, Any]:
        """Returns the steps as JSON for a machine; `from` is null for new leads."""
        steps = [
            {"from": before, "to": after, **group.to_dict()}
            for (before, after), group in _sorted_transitions(self.transitions)
        ]
        notices = {name: group.to_dict() for name, group in sorted(self.notices.items())}
        return {"steps": steps, "handed_over": self.hand_overs.to_dict(), "notified": notices}

    def lines(self) -> Iterator[str]:
        """Yields lines for people."""
        for (before, after), group in _sorted_transitions(self.transitions):
            change = f"made {after}" if before is None else f"changed from {before} to {after}"
            yield f"{_lead_count_text(group)} would be {change}{group.sample_text()}"
        if self.hand_overs.count:
            yield f"{_lead_count_text(self.hand_overs)} would be handed over{self.hand_overs.sample_text()}"
        for name, group in sorted(self.notices.items()):
            yield f"notice {name} would tell of {_lead_count_text(group)}{group.sample_text()}"


@dataclass(slots=True)
class PreviewReport:
    """Counts what a release would emit, and the values that it could not use."""

    declarations: NewDeclarations
    mismatches: ValueMismatches
    event_checks: tuple[EventCheck, ...] = ()
    """What to look at in the journal, where it is scanned."""
    scanned_count: int = 0
    """The number of contacts that it was tried on."""
    is_journal_scanned: bool = False
    partitions_behind: int = 0
    """Partitions where the latest release does not decide yet: the comparison there is with the release that does."""
    segments: dict[str, MembershipPreview] = field(default_factory=dict)
    campaigns: dict[str, LeadPreview] = field(default_factory=dict)

    @classmethod
    def for_release(cls, before: Definitions | None, after: Definitions) -> PreviewReport:
        """Returns an empty report of what `after` would do; `before` are the definitions in force, if any."""
        event_checks = tuple(definitions_event_checks(after))
        return cls(NewDeclarations(before, after), ValueMismatches(definitions_checks(after)), event_checks)

    def add_contact(self, contact: Contact) -> None:
        """Counts a contact and its values. Of a deleted one no condition is asked."""
        self.scanned_count += 1
        self.declarations.add(contact)
        if contact.status != "deleted":
            self.mismatches.add(contact)

    def add(self, topic: str, body: Mapping[str, Any]) -> None:
        """Counts one output of the release; outputs of the table topics add nothing."""
        contact = body["contact"]
        if topic == SEGMENT_CHANGES.name:
            preview = self.segments.setdefault(body["segment"], MembershipPreview())
            (preview.enter if body["type"] == "segment.entered" else preview.leave).add(contact)
        elif topic == LEAD_CHANGES.name and body["type"] == "lead.status_changed":
            self._lead_preview(body["campaign"]).add_transition(body["from"], body["to"], contact)
        elif topic == QUALIFIED_LEADS.name and body["type"] == "lead.handed_over":
            self._lead_preview(body["campaign"]["id"]).hand_overs.add(contact)
        elif topic == NOTIFICATIONS.name:
            self._lead_preview(body["campaign"]["id"]).add_notice(body["notice"], contact)

    def membership_preview(self, segment: str) -> MembershipPreview:
        """Returns who would enter and leave one segment."""
        return self.segments.get(segment, MembershipPreview())

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as JSON for a machine, without segments and campaigns that would not change."""
        return {
            "scanned": self.scanned_count,
            "journal_scanned": self.is_journal_scanned,
            "partitions_behind": self.partitions_behind,
            "segments": {name: self.segments[name].to_dict() for name in sorted(self.segments)},
            "campaigns": {name: self.campaigns[name].to_dict() for name in sorted(self.campaigns)},
            "missing_values": self.declarations.to_list(),
            "mismatches": self.mismatches.to_list(),
        }

    def lines(self) -> Iterator[str]:
        """Yields lines for people."""
        contacts = "1 contact" if self.scanned_count == 1 else f"{self.scanned_count} contacts"
        scan_text = f"{contacts} and the journal scanned" if self.is_journal_scanned else f"{contacts} scanned"
        if not self.segments and not self.campaigns:
            yield f"nobody would enter or leave, no lead would change ({scan_text})"
        else:
            yield f"who would enter and leave ({scan_text}):"
        for name in sorted(self.segments):
            yield f"  segment {name}: {self.segments[name].text()}"
        for name in sorted(self.campaigns):
            yield from (f"  campaign {name}: {text}" for text in self.campaigns[name].lines())
        if self.partitions_behind:
            behind = f"in {self.partitions_behind} partitions against an earlier release"
            yield f"  {behind}: the latest does not decide there yet"
        yield from _section("stored values that a new declaration makes missing", self.declarations.lines())
        yield from _section("operators that met values of another type", self.mismatches.lines())

    def _lead_preview(self, campaign: str) -> LeadPreview:
        return self.campaigns.setdefault(campaign, LeadPreview())


def _sorted_transitions(
    transitions: Mapping[LeadTransition, ContactGroup],
) -> list[tuple[LeadTransition, ContactGroup]]:
    return sorted(transitions.items(), key=lambda entry: (entry[0][0] or "", entry[0][1]))


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    """Yields the lines under a title; nothing where there are none."""
    for number, line in enumerate(lines):
        if number == 0:
            yield f"{title}:"
        yield f"  {line}"


def _would_text(group: ContactGroup, verb: str) -> str:
    return f"{group.count or 'nobody'} would {verb}{group.sample_text()}"


def _lead_count_text(group: ContactGroup) -> str:
    return "1 lead" if group.count == 1 else f"{group.count} leads"
