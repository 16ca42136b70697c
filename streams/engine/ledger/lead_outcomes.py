"""The outcome of a lead: one for all its opportunities, from what each of them was reported as."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from streams.engine.ledger import money
from streams.engine.ledger.opportunity import Opportunity, OpportunityOutcome, ReportedOutcome

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

    `amounts` (decimal text by currency) has each of their currencies, `currency` is that of the one modified last.
    """

    outcome: OpportunityOutcome
    currency: str
    amounts: Mapping[str, str]


class LeadOpportunities:
    """Which opportunities were reported to which lead; `rows` are the ledger's opportunities by key."""

    def __init__(self, rows: Mapping[str, Opportunity]) -> None:
        self._rows = rows
        self._keys: dict[LeadId, set[str]] = {}

    def move(self, opportunity: Opportunity, former: ReportedOutcome | None) -> None:
        """Takes an opportunity from the lead of `former` to that of its present report; either may be none."""
        if former is not None:
            lead = lead_of(opportunity.account, former)
            remaining = self._keys.get(lead, set())
            remaining.discard(opportunity.key)
            if not remaining:
                self._keys.pop(lead, None)
        if opportunity.reported_outcome is not None:
            lead = lead_of(opportunity.account, opportunity.reported_outcome)
            self._keys.setdefault(lead, set()).add(opportunity.key)

    def outcome(self, lead: LeadId) -> LeadOutcome | None:
        """Returns the lead's outcome; None where no opportunity is left that was not deleted."""
        return fold_outcomes(self._of(lead))

    def needs_summary(self, lead: LeadId) -> bool:
        """Whether the last word that the lead had may have been of one opportunity where it has several.

        That is so when an account comes from an engine version before 4, and only once its last one is visited.
        """
        opportunities = list(self._of(lead))
        reports = [each.reported_outcome for each in opportunities if each.reported_outcome is not None]
        is_complete = all(report.speaks_for_lead for report in reports)
        # Where every opportunity was deleted, the last word was that, too.
        return len(reports) > 1 and is_complete and any(report.outcome != "deleted" for report in reports)

    def _of(self, lead: LeadId) -> Iterable[Opportunity]:
        return (self._rows[key] for key in self._keys.get(lead, ()))


def lead_of(account: str, report: ReportedOutcome) -> LeadId:
    """Returns the lead that a report went to."""
    return LeadId(account, report.contact, report.campaign)


def fold_outcomes(opportunities: Iterable[Opportunity]) -> LeadOutcome | None:
    """Returns what opportunities say together: won if any is, else open if any is, else lost; None for none left."""
    by_outcome: dict[str, list[tuple[Opportunity, ReportedOutcome]]] = {}
    for opportunity in opportunities:
        if (report := opportunity.reported_outcome) is not None:
            by_outcome.setdefault(report.outcome, []).append((opportunity, report))
    for outcome in _PRECEDENCE:
        if deciding := by_outcome.get(outcome):
            amounts: dict[str, str] = {}
            for _, report in deciding:
                amounts[report.currency] = money.plus(
                    amounts.get(report.currency, money.ZERO), report.amount or money.ZERO
                )
            _, latest = max(deciding, key=lambda each: (each[0].modified, each[0].version, each[0].id))
            return LeadOutcome(outcome, latest.currency, dict(sorted(amounts.items())))
    return None
