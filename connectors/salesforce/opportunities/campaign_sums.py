"""Sums of opportunities by campaign of the org and currency: the org's own, and the ledger's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from typing import Any

from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.ledger_state import LedgerOpportunity, is_record_id
from connectors.salesforce.opportunities.queries import OpportunityQueries
from connectors.salesforce.opportunities.survey import amount_text
from connectors.salesforce.org.client import SalesforceRow
from connectors.salesforce.record_id import long_record_id

SumKey = tuple[str, str, str]
"""Campaign of the org (18 characters), currency, and `won`, `lost` or `open`."""

_EXACT = Context(prec=60, traps=[Inexact])
_HALF_A_CENT = Decimal("0.005")
"""Salesforce adds doubles: less than that is no difference."""


@dataclass(frozen=True, slots=True)
class OpportunitySum:
    """A number of opportunities and their amount."""

    count: int = 0
    amount: Decimal = Decimal(0)

    def __str__(self) -> str:
        """Returns count and amount, for people."""
        return f"{self.count}: {amount_text(self.amount)}"

    def plus(self, count: int, amount: Decimal) -> OpportunitySum:
        """Returns the sum with more added, exactly."""
        return OpportunitySum(self.count + count, _EXACT.add(self.amount, amount))

    def equals(self, other: OpportunitySum) -> bool:
        """Whether both are equal, to the cent."""
        return self.count == other.count and abs(_EXACT.subtract(self.amount, other.amount)) < _HALF_A_CENT


@dataclass(frozen=True, slots=True)
class SumDifference:
    """A sum that is not what the org says."""

    account: str
    crm_campaign: str
    currency: str
    kind: str
    ledger: OpportunitySum
    org: OpportunitySum

    def to_dict(self) -> dict[str, Any]:
        """Returns it for JSON, amounts as decimal text."""
        return {
            "account": self.account,
            "crm_campaign": self.crm_campaign,
            "currency": self.currency,
            "kind": self.kind,
            "ledger": {"count": self.ledger.count, "amount": amount_text(self.ledger.amount)},
            "org": {"count": self.org.count, "amount": amount_text(self.org.amount)},
        }


class CampaignSums:
    """The org's sums of the campaigns that definitions name, by its own SUM; `currency` is that of an org with one.

    An org with several currencies converts its sums into its own one, so there the rows are added one by one. Of an
    account that looks back to a day only, what was created before it counts on neither side.
    """

    def __init__(self, queries: OpportunityQueries, rules: AttributionRules, currency: str) -> None:
        self._queries = queries
        self._rules = rules
        self._currency = currency

    def ask_org(self) -> dict[SumKey, OpportunitySum]:
        """Returns the sums of opportunities that are not deleted. Raises what OrgClient raises."""
        sums: dict[SumKey, OpportunitySum] = defaultdict(OpportunitySum)
        for start, campaigns in self._rules.campaigns_by_start().items():
            for row in self._queries.sums_of_campaigns(campaigns, start):
                key = self._key(row)
                amount = row["total"] if row["total"] is not None else 0
                sums[key] = sums[key].plus(int(row["opportunities"]), Decimal(amount))
        return dict(sums)

    def left_out(self, rows: Iterable[LedgerOpportunity]) -> set[str]:
        """Returns the ids of the ledger's opportunities that were created before their account looks back to."""
        ids: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row.account in self._rules.since and is_record_id(row.id):
                ids[row.account].append(row.id)
        return {
            each
            for account, opportunities in ids.items()
            for each in self._queries.created_before(self._rules.since[account], opportunities)
        }

    def find_differences(
        self,
        org: dict[SumKey, OpportunitySum],
        rows: Iterable[LedgerOpportunity],
        left_out: set[str],
        account: str | None = None,
    ) -> list[SumDifference]:
        """Returns the sums that differ, of all accounts or of one; `rows` are those that are not released."""
        ledger: dict[SumKey, OpportunitySum] = defaultdict(OpportunitySum)
        for row in rows:
            campaign = long_record_id(row.crm_campaign or "")
            is_counted = row.outcome != "deleted" and row.id not in left_out
            if is_counted and self._rules.campaigns.get(campaign) == row.account:
                key = (campaign, row.currency, row.outcome)
                ledger[key] = ledger[key].plus(1, Decimal(row.amount or 0))
        differences = []
        for key in sorted({*org, *ledger}):
            mine, theirs = ledger.get(key, OpportunitySum()), org.get(key, OpportunitySum())
            owner = self._rules.campaigns[key[0]]
            if not mine.equals(theirs) and account in (None, owner):
                differences.append(SumDifference(owner, *key, mine, theirs))
        return differences

    def _key(self, row: SalesforceRow) -> SumKey:
        kind = "won" if row["IsWon"] else "lost" if row["IsClosed"] else "open"
        return long_record_id(row["CampaignId"]), row.get("CurrencyIsoCode") or self._currency, kind
