"""What the ledger writes: rows of `campaign-revenue`, and the outcome for the lead on `crm-results`."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from schemas.topics import CAMPAIGN_REVENUE, CRM_RESULTS
from schemas.values import instant_text
from streams.engine.journal.effects import Output
from streams.engine.ledger.opportunity import ReportedOutcome
from streams.engine.ledger.totals import RevenueTotal

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class OutputOrigin:
    """Where in the ledger's journal a decision belongs, and why it was made; `ordinal` counts its outputs.

    An event id can return (a state left and entered again within one second of the CRM), an offset cannot: ids of
    outputs are made from the offset.
    """

    offset: int
    at: int | None
    cause: dict[str, Any]
    ordinal: int = 0

    def next_number(self) -> dict[str, int]:
        """The number of the next output."""
        self.ordinal += 1
        return {"partition": 0, "offset": self.offset, "ordinal": self.ordinal - 1}


def revenue_output(total: RevenueTotal, origin: OutputOrigin) -> Output:
    """The present total of a campaign and currency."""
    value = {
        "id": _output_id("campaign.revenue", total.key, origin),
        "type": "campaign.revenue",
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
    return Output(CAMPAIGN_REVENUE.name, total.key.encode(), _encode(value))


def outcome_output(
    account: str, opportunity: str, reported: ReportedOutcome, at: int, origin: OutputOrigin
) -> Output:
    """An event for the lead: what became of its opportunity. It carries no hand-over number, for it answers none."""
    subject = f"{account}/{reported.contact}/{reported.campaign}/{opportunity}/{reported.outcome}"
    value: dict[str, Any] = {
        "id": _output_id("crm.outcome", subject, origin),
        "type": "crm.outcome",
        "at": instant_text(at),
        "account": account,
        "contact": reported.contact,
        "campaign": reported.campaign,
        "opportunity": opportunity,
        "outcome": reported.outcome,
        "currency": reported.currency,
    }
    if reported.amount is not None:
        value["amount"] = reported.amount
    return Output(CRM_RESULTS.name, reported.contact.encode(), _encode(value))


def _output_id(kind: str, subject: str, origin: OutputOrigin) -> str:
    named = "\x1f".join((kind, subject, str(origin.offset)))
    return blake2b(named.encode(), digest_size=16).hexdigest()
