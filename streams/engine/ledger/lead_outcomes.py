"""The outcome of a lead: one for all its opportunities, from what each of them was reported as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.engine.ledger import money
from streams.engine.ledger.opportunity import OpportunityOutcome, ReportedOutcome

_PRECEDENCE: tuple[OpportunityOutcome, ...] = ("won", "open", "lost")
"""Of several opportunities of a lead the first of these that one of them has is the lead's outcome."""


class LeadId(NamedTuple):
    """A contact in a campaign of an account."""

    account: str
    contact: str
    campaign: str


@dataclass(frozen=True, slots=True)
class LeadOutcome:
    """What a lead's opportunities say together; `amounts` are those of the opportunities with that outcome.

    `amounts` (decimal text by currency) has each of their currencies; `currency` is that of the most of them, of
    equals the first by name.
    """

    outcome: OpportunityOutcome
    currency: str
    amounts: Mapping[str, str]


@dataclass(slots=True)
class LeadSums:
    """The opportunities that a lead heard of, by outcome and currency: how many, and their amount (decimal text)."""

    by_outcome: dict[OpportunityOutcome, dict[str, tuple[int, str]]] = field(default_factory=dict)
    count: int = 0
    unheard: int = 0
    """How many were reported alone, by an engine version before 4."""

    def add(self, report: ReportedOutcome) -> None:
        """Adds what an opportunity was reported as."""
        sums = self.by_outcome.setdefault(report.outcome, {})
        count, amount = sums.get(report.currency, (0, money.ZERO))
        sums[report.currency] = (count + 1, money.plus(amount, report.amount or money.ZERO))
        self.count += 1
        self.unheard += not report.speaks_for_lead

    def remove(self, report: ReportedOutcome) -> None:
        """Takes away what was added."""
        sums = self.by_outcome[report.outcome]
        count, amount = sums.pop(report.currency)
        if count > 1:
            sums[report.currency] = (count - 1, money.minus(amount, report.amount or money.ZERO))
        elif not sums:
            del self.by_outcome[report.outcome]
        self.count -= 1
        self.unheard -= not report.speaks_for_lead

    def outcome(self) -> LeadOutcome | None:
        """Returns what the opportunities say together; None where none is left that was not deleted."""
        for outcome in _PRECEDENCE:
            if sums := self.by_outcome.get(outcome):
                currency = min(sums, key=lambda each: (-sums[each][0], each))
                return LeadOutcome(outcome, currency, {each: sums[each][1] for each in sorted(sums)})
        return None


class LeadOpportunities:
    """Leads with what they heard of their opportunities; a lead takes little memory, however many it has."""

    def __init__(self) -> None:
        self._sums: dict[LeadId, LeadSums] = {}

    def replace(self, account: str, former: ReportedOutcome | None, present: ReportedOutcome | None) -> None:
        """Replaces what an opportunity was reported as; the leads may differ, and either may be none."""
        if former is not None:
            lead = lead_of(account, former)
            self._sums[lead].remove(former)
            if not self._sums[lead].count:
                del self._sums[lead]
        if present is not None:
            self._sums.setdefault(lead_of(account, present), LeadSums()).add(present)

    def outcome(self, lead: LeadId) -> LeadOutcome | None:
        """Returns the lead's outcome; None where no opportunity is left that was not deleted."""
        sums = self._sums.get(lead)
        return None if sums is None else sums.outcome()

    def needs_summary(self, lead: LeadId) -> bool:
        """Whether the last word that the lead had may have been of one opportunity where it has several.

        That is so when an account comes from an engine version before 4, and only once its last one is visited.
        """
        sums = self._sums[lead]
        # Where every opportunity was deleted, the last word was that, too.
        return sums.count > 1 and not sums.unheard and sums.outcome() is not None


def lead_of(account: str, report: ReportedOutcome) -> LeadId:
    """Returns the lead that a report went to."""
    return LeadId(account, report.contact, report.campaign)
