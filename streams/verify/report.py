"""What a verification found: differences, and how much was compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.values import instant_text


@dataclass(frozen=True)
class Difference:
    """`what` is `membership` or `lead`; `subject` the segment or campaign; `at` in ms."""

    what: str
    account: str
    contact: str
    subject: str
    expected: str
    found: str
    at: int | None = None
    flags: tuple[str, ...] = ()
    """Bounds of the state that the contact reached: what is beyond them is forgotten, see docs/state-bounds.md."""

    def __str__(self) -> str:
        line = (
            f"{self.what}: {self.account}/{self.contact} {self.subject}: expected {self.expected}, found {self.found}"
        )
        line += f" at {instant_text(self.at)}" if self.at is not None else ""
        return line + (f" (bounds reached: {', '.join(self.flags)})" if self.flags else "")

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "what": self.what,
            "account": self.account,
            "contact": self.contact,
            "segment" if self.what == "membership" else "campaign": self.subject,
            "expected": self.expected,
            "found": self.found,
            "at": instant_text(self.at) if self.at is not None else None,
            "flags": list(self.flags),
        }


@dataclass
class Report:
    """Counts of what was compared, and what differs."""

    contacts: int = 0
    memberships: int = 0
    leads: int = 0
    flagged: int = 0
    """Contacts that reached a bound of their state."""
    moving: int = 0
    """Contacts passed over, since they were being decided when the verification began."""
    journal: dict[int, int] = field(default_factory=dict)
    """Journal partition -> the offset up to which, not included, it was verified."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether the stream produced what it should."""
        return not self.differences

    def lines(self) -> list[str]:
        """The verdict for people."""
        told = [str(each) for each in self.differences]
        compared = f"{self.contacts} contacts, {self.memberships} memberships, {self.leads} leads"
        if self.equal:
            told.append(f"streaming equals batch: {compared}")
        else:
            told.append(f"streaming differs from batch: {len(self.differences)} differences in {compared}")
        if self.moving:
            told.append(f"{self.moving} contacts were being decided at the start and were passed over")
        if self.flagged:
            told.append(f"{self.flagged} contacts reached a bound of their state, see docs/state-bounds.md")
        return told

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "equal": self.equal,
            "contacts": self.contacts,
            "memberships": self.memberships,
            "leads": self.leads,
            "contacts_flagged": self.flagged,
            "contacts_passed_over": self.moving,
            "journal": {str(partition): offset for partition, offset in sorted(self.journal.items())},
            "differences": [each.as_json() for each in self.differences],
        }
