"""Holds the result of a verification: the differences, and how much was compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.values import instant_text
from streams.kafka.source_gaps import SourceGaps

_SUBJECT_FIELDS = {"membership": "segment", "lead": "campaign", "hand_over": "campaign", "revenue": "campaign"}
"""Kind of a difference -> the name of its subject in JSON."""


@dataclass(frozen=True)
class Difference:
    """A difference; `kind` is `membership`, `lead`, `contact`, `hand_over` or `revenue`, `at` in ms.

    `subject` is the segment or campaign; empty for a contact's own row. `contact` is empty for revenue.
    """

    kind: str
    account: str
    contact: str
    subject: str
    expected: str
    actual: str
    at: int | None = None
    flags: tuple[str, ...] = ()
    """Bounds that the contact's state reached: what is beyond them is dropped, see docs/state-bounds.md."""
    currency: str = ""
    """Of revenue."""

    def __str__(self) -> str:
        owner = self.account if self.kind == "revenue" else f"{self.account}/{self.contact}"
        line = " ".join(filter(None, (f"{self.kind}: {owner}", self.subject, self.currency)))
        line += f": expected {self.expected}, found {self.actual}"
        line += f" at {instant_text(self.at)}" if self.at is not None else ""
        return line + (f" (bounds reached: {', '.join(self.flags)})" if self.flags else "")

    def to_dict(self) -> dict[str, Any]:
        """Returns the difference as JSON for machines."""
        field_name = _SUBJECT_FIELDS.get(self.kind)
        return {
            "what": self.kind,
            "account": self.account,
            **({"currency": self.currency} if self.kind == "revenue" else {"contact": self.contact}),
            **({field_name: self.subject} if field_name is not None else {}),
            "expected": self.expected,
            "found": self.actual,
            "at": instant_text(self.at) if self.at is not None else None,
            "flags": list(self.flags),
        }


@dataclass
class VerificationReport:
    """Counts of what was compared, and the differences."""

    contacts: int = 0
    memberships: int = 0
    leads: int = 0
    contact_rows: int = 0
    """Contacts that have a row of `contacts`: those of accounts with a release of engine version 4."""
    revenue_rows: int = 0
    """Totals of campaigns in a currency."""
    hand_overs: int = 0
    """Records of `qualified-leads`."""
    flagged_contacts: int = 0
    """Contacts that reached a bound of their state."""
    skipped_contacts: int = 0
    """Contacts that were skipped, since they were being decided when the verification began."""
    verified_offsets: dict[int, int] = field(default_factory=dict)
    """Journal partition -> the offset up to which (not included) it was verified."""
    differences: list[Difference] = field(default_factory=list)
    gaps: SourceGaps = field(default_factory=SourceGaps)
    """What is gone of in-topics: neither side has it."""

    @property
    def is_equal(self) -> bool:
        """Whether there is no difference."""
        return not self.differences

    def lines(self) -> list[str]:
        """Returns the result as lines for people."""
        texts = [str(each) for each in self.differences]
        compared = f"{self.contacts} contacts, {self.memberships} memberships, {self.leads} leads"
        if self.revenue_rows:
            compared += f", {self.revenue_rows} totals of revenue"
        if self.is_equal:
            texts.append(f"streaming equals batch: {compared}")
        else:
            texts.append(f"streaming differs from batch: {len(self.differences)} differences in {compared}")
        if self.skipped_contacts:
            texts.append(f"{self.skipped_contacts} contacts were being decided at the start and were passed over")
        if self.flagged_contacts:
            texts.append(f"{self.flagged_contacts} contacts reached a bound of their state, see docs/state-bounds.md")
        texts += [f"in neither, accepted as gone: {each}" for each in self.gaps]
        return texts

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as JSON for machines."""
        return {
            "equal": self.is_equal,
            "contacts": self.contacts,
            "memberships": self.memberships,
            "leads": self.leads,
            "contact_rows": self.contact_rows,
            "revenue_rows": self.revenue_rows,
            "hand_overs": self.hand_overs,
            "contacts_flagged": self.flagged_contacts,
            "contacts_passed_over": self.skipped_contacts,
            "journal": {str(partition): offset for partition, offset in sorted(self.verified_offsets.items())},
            "gaps": [each.to_dict() for each in self.gaps],
            "differences": [each.to_dict() for each in self.differences],
        }
