"""What leads were worth: the opportunities that the CRM told of them, as they stand at the end of the history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from schemas.values import NO_CURRENCY
from streams.engine.journal.records import JournalEvent
from streams.engine.ledger import money

OUTCOMES = ("won", "open", "lost")


@dataclass(frozen=True, slots=True)
class _OpportunityState:
    outcome: str
    amount: Decimal
    currency: str


@dataclass(slots=True)
class Worth:
    """Counts and amounts by currency and outcome (`won`, `open`, `lost`)."""

    sums: dict[tuple[str, str], tuple[int, Decimal]] = field(default_factory=dict)

    def add(self, currency: str, outcome: str, amount: Decimal) -> None:
        """Adds an opportunity."""
        count, total = self.sums.get((currency, outcome), (0, Decimal(0)))
        self.sums[currency, outcome] = (count + 1, money.EXACT.add(total, amount))

    def to_list(self) -> list[dict[str, Any]]:
        """The sums as JSON values, one object for each currency; amounts are decimal text."""
        rows = []
        for currency in sorted({currency for currency, _ in self.sums}):
            outcomes = {name: self.sums.get((currency, name), (0, Decimal(0))) for name in OUTCOMES}
            rows.append(
                {
                    "currency": currency,
                    **{name: {"count": count, "amount": f"{total:f}"} for name, (count, total) in outcomes.items()},
                }
            )
        return rows

    def __str__(self) -> str:
        parts = [
            f"{outcome} {currency} {self.sums[currency, outcome][1]:,.2f} ({self.sums[currency, outcome][0]})"
            for currency in sorted({currency for currency, _ in self.sums})
            for outcome in OUTCOMES
            if (currency, outcome) in self.sums
        ]
        return ", ".join(parts) or "no opportunity is known"


class OpportunityBook:
    """The last state of every opportunity of a contact: from `crm.outcome` events, in the journal's order."""

    def __init__(self) -> None:
        self._by_contact: defaultdict[tuple[str, str], dict[tuple[str, str], _OpportunityState]] = defaultdict(dict)

    def add(self, event: JournalEvent) -> None:
        """Takes an event; all but outcomes are passed over."""
        if event.type != "crm.outcome":
            return
        fields = event.fields
        opportunities = self._by_contact[event.account, event.owner]
        place = (fields["campaign"], fields["opportunity"])
        # From engine version 4 on the event speaks for all opportunities of the lead, and tells beside it of the one.
        state = fields.get("opportunity_state", fields)
        if state["outcome"] == "deleted":
            opportunities.pop(place, None)
            return
        currency = state.get("currency") or NO_CURRENCY
        opportunities[place] = _OpportunityState(state["outcome"], money.parse_amount(state.get("amount")), currency)

    def worth(self, account: str, campaign: str, contacts: Collection[str]) -> tuple[Worth, Worth]:
        """What the leads of contacts in a campaign were worth, and what their leads in other campaigns were."""
        here, elsewhere = Worth(), Worth()
        for contact in contacts:
            states: Mapping[tuple[str, str], _OpportunityState] = self._by_contact.get((account, contact), {})
            for (name, _), state in states.items():
                target = here if name == campaign else elsewhere
                target.add(state.currency, state.outcome, state.amount)
        return here, elsewhere
