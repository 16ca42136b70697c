"""The revenue of one campaign in one currency: counts and exact amounts of won, lost and open opportunities."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from streams.engine.ledger import money
from streams.engine.ledger.opportunity import Contribution


class RevenueSum(msgspec.Struct, frozen=True):
    """How many opportunities, and how much money (decimal text)."""

    count: int = 0
    amount: str = money.ZERO


class RevenueTotal(msgspec.Struct, frozen=True):
    """A row of `campaign-revenue`; `at` (ms) never goes back."""

    account: str
    campaign: str
    currency: str
    at: int
    won: RevenueSum = RevenueSum()
    lost: RevenueSum = RevenueSum()
    open: RevenueSum = RevenueSum()

    @property
    def key(self) -> str:
        """Account, campaign and currency, as the topic's key."""
        return total_key(self.account, self.campaign, self.currency)

    def plus(self, contribution: Contribution) -> RevenueTotal:
        """With one opportunity more."""
        return self._with_change(contribution, 1, money.plus)

    def minus(self, contribution: Contribution) -> RevenueTotal:
        """With one opportunity less."""
        return self._with_change(contribution, -1, money.minus)

    def _with_change(self, contribution: Contribution, step: int, fold: Callable[[str, str], str]) -> RevenueTotal:
        old: RevenueSum = getattr(self, contribution.kind)
        new = RevenueSum(old.count + step, fold(old.amount, contribution.amount))
        changed: RevenueTotal = msgspec.structs.replace(self, **{contribution.kind: new})
        return changed


def total_key(account: str, campaign: str, currency: str) -> str:
    """The key of a total; account and campaign are slugs."""
    return f"{account}/{campaign}/{currency}"
