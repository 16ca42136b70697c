"""The latest state of one opportunity in the CRM, and what it contributes: a function of that state."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from schemas.values import NO_CURRENCY
from streams.engine.journal.records import JournalEvent
from streams.engine.ledger import money
from streams.engine.ledger.attribution import CrmCampaigns

OpportunityOutcome = Literal["open", "won", "lost", "deleted"]
RevenueKind = Literal["open", "won", "lost"]


class Contribution(msgspec.Struct, frozen=True):
    """What an opportunity adds to a total: 1 to the count of `kind`, and `amount` (decimal text) to its sum."""

    campaign: str
    currency: str
    kind: RevenueKind
    amount: str


class ReportedOutcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an opportunity was last reported as to the lead from which it came; `amount` is decimal text."""

    contact: str
    campaign: str
    outcome: OpportunityOutcome
    amount: str | None
    currency: str
    speaks_for_lead: bool = msgspec.field(default=False, name="for_lead")
    """Whether the report said what all the lead's opportunities say together: from engine version 4 on.

    `for_lead` in the changelog.
    """


class Opportunity(msgspec.Struct, omit_defaults=True):
    """A row of the ledger: an opportunity's state in the CRM, and what the ledger has derived from it.

    `modified` in ms, `amount` as decimal text.
    """

    account: str
    id: str
    modified: int
    version: int
    outcome: OpportunityOutcome
    currency: str
    amount: str | None = None
    crm_campaign: str | None = None
    campaign: str | None = None
    """The campaign of the lead it came from."""
    contact: str | None = None
    contribution: Contribution | None = None
    reported_outcome: ReportedOutcome | None = msgspec.field(default=None, name="told")
    """`told` in the changelog."""

    @property
    def key(self) -> str:
        """Account and id, unique because slugs have no slash."""
        return f"{self.account}/{self.id}"

    def is_newer_than(self, other: Opportunity) -> bool:
        """Whether this state replaces `other`: by `modified`, then `version`, then order in the journal."""
        return (self.modified, self.version) >= (other.modified, other.version)

    def expected_contribution(self, campaigns: CrmCampaigns) -> Contribution | None:
        """Returns what the opportunity has to contribute; None when deleted or of no campaign of ours."""
        campaign = campaigns.campaign_for(self.crm_campaign, self.campaign)
        if campaign is None or self.outcome == "deleted":
            return None
        return Contribution(campaign, self.currency, self.outcome, self.amount or money.ZERO)

    def expected_outcome(self, campaigns: CrmCampaigns) -> ReportedOutcome | None:
        """Returns the outcome that its lead has to know; None when it has no known contact or campaign."""
        campaign = self.campaign or campaigns.campaign_for(self.crm_campaign, None)
        if self.contact is None or campaign is None:
            return None
        return ReportedOutcome(self.contact, campaign, self.outcome, self.amount, self.currency)


def opportunity_from_event(event: JournalEvent) -> Opportunity:
    """Returns the opportunity in an `opportunity.changed` event of the journal."""
    fields = event.fields
    amount = fields.get("amount")
    return Opportunity(
        account=event.account,
        id=event.owner,
        modified=fields["modified"],
        version=fields.get("version", 0),
        outcome=_outcome_from_fields(fields),
        currency=fields.get("currency") or NO_CURRENCY,
        amount=None if amount is None else money.amount_text(Decimal(amount)),
        crm_campaign=fields.get("crm_campaign"),
        campaign=fields.get("campaign"),
        contact=fields.get("contact"),
    )


def _outcome_from_fields(fields: dict[str, Any]) -> OpportunityOutcome:
    # Released: another account has it now, and here it is gone.
    if fields.get("deleted") or fields.get("released"):
        return "deleted"
    if fields.get("won"):
        return "won"
    return "lost" if fields.get("closed") else "open"
