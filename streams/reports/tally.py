"""Adds up leads and revenue for one line of a report; amounts are exact decimals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, get_args

from schemas.definitions import LeadStatus
from schemas.values import NO_CURRENCY
from streams.engine.ledger import money
from streams.store.outputs.tables import CrmFacts, ReportedLead, RevenueSums, TableRevenue

STATUSES: tuple[str, ...] = get_args(LeadStatus)
OUTCOMES = ("won", "open", "lost")
PUSHES = ("linked", "refused", "waiting")
_KEPT_BACK = "do_not_sync"
"""The code of the answer to a hand-over that never went to the CRM."""
_ZERO = (0, Decimal(0))


@dataclass(slots=True)
class ExactRevenue:
    """Counts and amounts by currency and outcome; of opportunities, or of leads where leads told them."""

    sums: dict[tuple[str, str], tuple[int, Decimal]] = field(default_factory=dict)

    def add(self, currency: str, outcome: str, count: int, amount: Decimal) -> None:
        """Adds so many with an amount together."""
        old_count, old_amount = self.sums.get((currency, outcome), _ZERO)
        self.sums[currency, outcome] = (old_count + count, money.EXACT.add(old_amount, amount))

    def add_row(self, currency: str, row: TableRevenue) -> None:
        """Adds a row of `campaign-revenue`."""
        sums: Mapping[str, RevenueSums] = {"won": row.won, "open": row.open, "lost": row.lost}
        for outcome, each in sums.items():
            if each.count:
                self.add(currency, outcome, each.count, money.parse_amount(each.amount))

    def of(self, currency: str, outcome: str) -> tuple[int, Decimal]:
        """Count and amount of an outcome in a currency."""
        return self.sums.get((currency, outcome), _ZERO)

    @property
    def currencies(self) -> list[str]:
        """The currencies that there is anything in, by name."""
        return sorted({currency for currency, _ in self.sums})

    def to_list(self) -> list[dict[str, Any]]:
        """One object for each currency; amounts are decimal text."""
        return [
            {
                "currency": currency,
                **{
                    outcome: {"count": count, "amount": money.amount_text(amount)}
                    for outcome in OUTCOMES
                    for count, amount in [self.of(currency, outcome)]
                },
            }
            for currency in self.currencies
        ]


@dataclass(slots=True)
class Tally:
    """Leads by status, by what became of their hand-over and by outcome; their points; revenue."""

    statuses: Counter[str] = field(default_factory=Counter)
    pushes: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    points: list[float] = field(default_factory=list)
    """Of leads that are not deleted."""
    revenue: ExactRevenue = field(default_factory=ExactRevenue)

    def add_lead(self, lead: ReportedLead, *, with_revenue: bool) -> None:
        """Adds a lead; its revenue only where the line's revenue is that of its leads."""
        self.statuses[lead.status] += 1
        if lead.status != "deleted":
            self.points.append(lead.points)
        if (push := push_of(lead)) is not None:
            self.pushes[push] += 1
        outcome = lead.crm.outcome
        if outcome in OUTCOMES:
            self.outcomes[outcome] += 1
            if with_revenue:
                self._add_lead_revenue(outcome, lead.crm)

    def _add_lead_revenue(self, outcome: str, crm: CrmFacts) -> None:
        named = crm.currency or NO_CURRENCY
        amounts = crm.amounts or {named: crm.amount or "0"}
        for currency, amount in amounts.items():
            # A lead with opportunities in several currencies is one lead, in the currency that it names.
            self.revenue.add(currency, outcome, int(currency == named), money.parse_amount(amount))

    @property
    def leads(self) -> int:
        """How many there are."""
        return self.statuses.total()

    @property
    def pushed(self) -> int:
        """How many were handed over, whatever became of them since."""
        return self.pushes.total()

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON values; shares are of all leads, null where there are none."""
        return {
            "leads": self.leads,
            "statuses": {status: self.statuses[status] for status in STATUSES},
            "pushed": {"count": self.pushed, **{push: self.pushes[push] for push in PUSHES}},
            "outcomes": {outcome: self.outcomes[outcome] for outcome in OUTCOMES},
            "conversion": {
                "pushed": share(self.pushed, self.leads),
                "won": share(self.outcomes["won"], self.leads),
            },
            "points": points_summary(self.points),
            "revenue": self.revenue.to_list(),
        }


def push_of(lead: ReportedLead) -> str | None:
    """What became of a lead's hand-over: the CRM has it, or refused the last one, or has not answered yet.

    None for a lead that was never handed over, or that the account's condition `do_not_sync` keeps back. A lead that
    is not qualified any more counts once it is answered.
    """
    is_kept_back = lead.crm.code == _KEPT_BACK
    if lead.crm.code is not None and not is_kept_back:
        return "refused"
    if lead.crm.record is not None:
        return "linked"
    if is_kept_back:
        return None
    return "waiting" if lead.status == "qualified" else None


def share(part: int, whole: int) -> float | None:
    """A part of a whole, rounded to 0.0001; None of nothing."""
    return round(part / whole, 4) if whole else None


def points_summary(points: list[float]) -> dict[str, float] | None:
    """The mean, the median and the most points; None without a lead."""
    if not points:
        return None
    ordered = sorted(points)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    mean = sum(ordered) / len(ordered)
    return {"mean": round(mean, 6), "median": round(median, 6), "most": round(ordered[-1], 6)}
