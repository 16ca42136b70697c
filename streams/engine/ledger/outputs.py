"""The ledger's outputs: rows of `campaign-revenue`, and outcomes for leads on `crm-results`."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from schemas.topics import CAMPAIGN_REVENUE, CRM_RESULTS
from schemas.values import instant_text
from streams.engine.journal.effects import Output
from streams.engine.ledger.lead_outcomes import LeadOutcome
from streams.engine.ledger.opportunity import Opportunity, OpportunityOutcome, ReportedOutcome
from streams.engine.ledger.totals import RevenueTotal

REVENUE_TYPE = "campaign.revenue"
OUTCOME_TYPE = "crm.outcome"

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class OutputOrigin:
    """The position in the ledger's journal and the cause of a decision; `ordinal` counts its outputs.

    Ids of outputs contain the offset, because an event id may occur again: the CRM's clock counts seconds, so a state
    can be left and entered again within one of them. `at` in ms.
    """

    offset: int
    at: int | None
    cause: dict[str, Any]
    ordinal: int = 0

    def next_number(self) -> dict[str, int]:
        """Returns the number of the next output."""
        self.ordinal += 1
        return {"partition": 0, "offset": self.offset, "ordinal": self.ordinal - 1}


def revenue_output(total: RevenueTotal, origin: OutputOrigin, *, is_repeated: bool = False) -> Output:
    """Returns the record of a campaign's present total in one currency.

    `is_repeated`: the same record of the journal has changed the total before, as a release does with each
    opportunity that counts otherwise by it.
    """
    subject = f"{total.key}\x1f{origin.ordinal}" if is_repeated else total.key
    value = {
        "id": _output_id(REVENUE_TYPE, subject, origin),
        "type": REVENUE_TYPE,
        "at": instant_text(total.at),
        "number": origin.next_number(),
        "account": total.account,
        "campaign": total.campaign,
        "currency": total.currency,
        "won": total.won,
        "lost": total.lost,
        "open": total.open,
        "cause": origin.cause,
    }
    return Output(CAMPAIGN_REVENUE.name, total.key.encode(), _encode(value), REVENUE_TYPE)


def outcome_output(opportunity: Opportunity, reported: ReportedOutcome, at: int, origin: OutputOrigin) -> Output:
    """Returns an event for the lead with the outcome of one opportunity, as engine versions before 4 report it.

    It has no hand-over number, because it does not answer a hand-over.
    """
    value = {
        **_outcome_head(opportunity, reported, reported.outcome, at, origin),
        "currency": reported.currency,
    }
    if reported.amount is not None:
        value["amount"] = reported.amount
    return Output(CRM_RESULTS.name, reported.contact.encode(), _encode(value), OUTCOME_TYPE)


def lead_outcome_output(
    opportunity: Opportunity, reported: ReportedOutcome, lead: LeadOutcome, at: int, origin: OutputOrigin
) -> Output:
    """Returns an event for the lead with what all its opportunities say together.

    `reported` is what became of `opportunity`, whose change caused it.
    """
    state: dict[str, Any] = {"outcome": reported.outcome, "currency": reported.currency}
    if reported.amount is not None:
        state["amount"] = reported.amount
    value = {
        **_outcome_head(opportunity, reported, lead.outcome, at, origin),
        "number": origin.next_number(),
        "amount": lead.amounts[lead.currency],
        "currency": lead.currency,
        "opportunity_state": state,
        "cause": origin.cause,
    }
    if len(lead.amounts) > 1:
        value["amounts"] = lead.amounts
    return Output(CRM_RESULTS.name, reported.contact.encode(), _encode(value), OUTCOME_TYPE)


def _outcome_head(
    opportunity: Opportunity, reported: ReportedOutcome, outcome: OpportunityOutcome, at: int, origin: OutputOrigin
) -> dict[str, Any]:
    subject = f"{opportunity.account}/{reported.contact}/{reported.campaign}/{opportunity.id}/{outcome}"
    return {
        "id": _output_id(OUTCOME_TYPE, subject, origin),
        "type": OUTCOME_TYPE,
        "at": instant_text(at),
        "account": opportunity.account,
        "contact": reported.contact,
        "campaign": reported.campaign,
        "opportunity": opportunity.id,
        "outcome": outcome,
    }


def _output_id(kind: str, subject: str, origin: OutputOrigin) -> str:
    parts = "\x1f".join((kind, subject, str(origin.offset)))
    return blake2b(parts.encode(), digest_size=16).hexdigest()
