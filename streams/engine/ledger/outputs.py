"""What the ledger writes: rows of `campaign-revenue`, and the outcome for the lead on `crm-results`."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from schemas.topics import CAMPAIGN_REVENUE, CRM_RESULTS
from schemas.values import instant_text
from streams.engine.journal.effects import Output
from streams.engine.ledger.opportunity import Told
from streams.engine.ledger.totals import Total

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Place:
    """Where in the ledger's journal a decision belongs, and why it was made; `ordinal` counts its outputs.

    An event id can return (a state left and entered again within one second of the CRM), an offset cannot: ids of
    outputs are made from the offset.
    """

    offset: int
    at: int | None
    cause: dict[str, Any]
    ordinal: int = 0

    def number(self) -> dict[str, int]:
        """The number of the next output."""
        self.ordinal += 1
        return {"partition": 0, "offset": self.offset, "ordinal": self.ordinal - 1}


def revenue(total: Total, place: Place) -> Output:
    """The present total of a campaign and currency."""
    value = {
        "id": _id("campaign.revenue", total.key, place),
        "type": "campaign.revenue",
        "at": instant_text(total.at),
        "number": place.number(),
        "account": total.account,
        "campaign": total.campaign,
        "currency": total.currency,
        "won": total.won,
        "lost": total.lost,
        "open": total.open,
        "cause": place.cause,
    }
    return Output(CAMPAIGN_REVENUE.name, total.key.encode(), _encode(value))


def outcome(account: str, opportunity: str, told: Told, at: int, place: Place) -> Output:
    """An event for the lead: what became of its opportunity. It carries no hand-over number, for it answers none."""
    subject = f"{account}/{told.contact}/{told.campaign}/{opportunity}/{told.outcome}"
    value: dict[str, Any] = {
        "id": _id("crm.outcome", subject, place),
        "type": "crm.outcome",
        "at": instant_text(at),
        "account": account,
        "contact": told.contact,
        "campaign": told.campaign,
        "opportunity": opportunity,
        "outcome": told.outcome,
        "currency": told.currency,
    }
    if told.amount is not None:
        value["amount"] = told.amount
    return Output(CRM_RESULTS.name, told.contact.encode(), _encode(value))


def _id(kind: str, subject: str, place: Place) -> str:
    named = "\x1f".join((kind, subject, str(place.offset)))
    return blake2b(named.encode(), digest_size=16).hexdigest()
