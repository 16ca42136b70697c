"""Who would enter and leave, and what would become of leads, counted; with a few of them by name."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from schemas.topics import LEAD_CHANGES, QUALIFIED_LEADS, SEGMENT_CHANGES

SAMPLE = 5

Step = tuple[str | None, str]
"""A lead's status before, None for one that is made, and after."""


@dataclass(slots=True)
class Group:
    """How many contacts, and a sample that is the same whenever they are the same."""

    count: int = 0
    _drawn: list[tuple[bytes, str]] = field(default_factory=list)

    def add(self, contact: str) -> None:
        """One more."""
        self.count += 1
        insort(self._drawn, (blake2b(contact.encode(), digest_size=8).digest(), contact))
        del self._drawn[SAMPLE:]

    @property
    def sample(self) -> list[str]:
        """Some of them, by id."""
        return sorted(contact for _, contact in self._drawn)

    def described(self) -> dict[str, Any]:
        """For a machine."""
        return {"count": self.count, "sample": self.sample}

    def named(self) -> str:
        """` (ada, bob, ...)`; nothing where there is nobody."""
        more = ", ..." if self.count > len(self._drawn) else ""
        return f" ({', '.join(self.sample)}{more})" if self.count else ""


@dataclass(slots=True)
class Moves:
    """Of one segment."""

    enter: Group = field(default_factory=Group)
    leave: Group = field(default_factory=Group)

    def described(self) -> dict[str, Any]:
        """For a machine."""
        return {"enter": self.enter.described(), "leave": self.leave.described()}

    def text(self) -> str:
        """For people."""
        return f"{_would(self.enter, 'enter')}, {_would(self.leave, 'leave')}"


@dataclass(slots=True)
class Leads:
    """Of one campaign. A lead may take several steps at once; each is counted."""

    steps: dict[Step, Group] = field(default_factory=dict)
    handed_over: Group = field(default_factory=Group)

    def step(self, before: str | None, after: str, contact: str) -> None:
        """One more that goes this way."""
        self.steps.setdefault((before, after), Group()).add(contact)

    def described(self) -> dict[str, Any]:
        """For a machine; `from` is null for leads that are made."""
        steps = [
            {"from": before, "to": after, **group.described()} for (before, after), group in _in_order(self.steps)
        ]
        return {"steps": steps, "handed_over": self.handed_over.described()}

    def texts(self) -> Iterator[str]:
        """For people."""
        for (before, after), group in _in_order(self.steps):
            how = f"made {after}" if before is None else f"changed from {before} to {after}"
            yield f"{_leads(group)} would be {how}{group.named()}"
        if self.handed_over.count:
            yield f"{_leads(self.handed_over)} would be handed over{self.handed_over.named()}"


@dataclass(slots=True)
class Tally:
    """What a release would emit, counted. `scanned` contacts were looked at."""

    scanned: int = 0
    journal_scanned: bool = False
    behind: int = 0
    """Partitions in which the latest release does not decide yet: there the one that does is compared with."""
    segments: dict[str, Moves] = field(default_factory=dict)
    campaigns: dict[str, Leads] = field(default_factory=dict)

    def add(self, topic: str, body: Mapping[str, Any]) -> None:
        """One output of the release; those of the tables say nothing more."""
        contact = body["contact"]
        if topic == SEGMENT_CHANGES.name:
            moves = self.segments.setdefault(body["segment"], Moves())
            (moves.enter if body["type"] == "segment.entered" else moves.leave).add(contact)
        elif topic == LEAD_CHANGES.name and body["type"] == "lead.status_changed":
            self._leads(body["campaign"]).step(body["from"], body["to"], contact)
        elif topic == QUALIFIED_LEADS.name:
            self._leads(body["campaign"]["id"]).handed_over.add(contact)

    def moves(self, segment: str) -> Moves:
        """Who would enter and leave one segment."""
        return self.segments.get(segment, Moves())

    def described(self) -> dict[str, Any]:
        """For a machine; segments and campaigns in which nothing would happen are left out."""
        return {
            "scanned": self.scanned,
            "journal_scanned": self.journal_scanned,
            "partitions_behind": self.behind,
            "segments": {name: self.segments[name].described() for name in sorted(self.segments)},
            "campaigns": {name: self.campaigns[name].described() for name in sorted(self.campaigns)},
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        contacts = "1 contact" if self.scanned == 1 else f"{self.scanned} contacts"
        scanned = f"{contacts} and the journal scanned" if self.journal_scanned else f"{contacts} scanned"
        if not self.segments and not self.campaigns:
            yield f"nobody would enter or leave, no lead would change ({scanned})"
        else:
            yield f"who would enter and leave ({scanned}):"
        for name in sorted(self.segments):
            yield f"  segment {name}: {self.segments[name].text()}"
        for name in sorted(self.campaigns):
            yield from (f"  campaign {name}: {text}" for text in self.campaigns[name].texts())
        if self.behind:
            yield f"  in {self.behind} partitions against an earlier release: the latest does not decide there yet"

    def _leads(self, campaign: str) -> Leads:
        return self.campaigns.setdefault(campaign, Leads())


def _in_order(steps: Mapping[Step, Group]) -> list[tuple[Step, Group]]:
    return sorted(steps.items(), key=lambda entry: (entry[0][0] or "", entry[0][1]))


def _would(group: Group, verb: str) -> str:
    return f"{group.count or 'nobody'} would {verb}{group.named()}"


def _leads(group: Group) -> str:
    return "1 lead" if group.count == 1 else f"{group.count} leads"
