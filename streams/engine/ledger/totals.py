"""The revenue of a campaign in one currency: counts and exact amounts of won, lost and open opportunities."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from streams.engine.ledger import money
from streams.engine.ledger.opportunity import Contribution


class RevenueSum(msgspec.Struct, frozen=True):
    """A number of opportunities, and their amount (decimal text)."""

    count: int = 0
    amount: str = money.ZERO


class RevenueTotal(msgspec.Struct, frozen=True):
    """A row of `campaign-revenue`; `at` (ms) never goes back.

    `offset` is that of the journal's record that changed it last; rows of former releases have none.
    """

    account: str
    campaign: str
    currency: str
    at: int
    won: RevenueSum = RevenueSum()
    lost: RevenueSum = RevenueSum()
    open: RevenueSum = RevenueSum()
    offset: int | None = None

    @property
    def key(self) -> str:
        """The topic's key: account, campaign and currency."""
        return total_key(self.account, self.campaign, self.currency)

    def plus(self, contribution: Contribution) -> RevenueTotal:
        """Returns the total with a contribution added."""
        return self._with_change(contribution, 1, money.plus)

    def minus(self, contribution: Contribution) -> RevenueTotal:
        """Returns the total with a contribution removed."""
        return self._with_change(contribution, -1, money.minus)

    def _with_change(self, contribution: Contribution, step: int, combine: Callable[[str, str], str]) -> RevenueTotal:
        old: RevenueSum = getattr(self, contribution.kind)
        new = RevenueSum(old.count + step, combine(old.amount, contribution.amount))
        total: RevenueTotal = msgspec.structs.replace(self, **{contribution.kind: new})
        return total


def total_key(account: str, campaign: str, currency: str) -> str:
    """Returns the key of a total; account and campaign are slugs, so they have no slash."""
    return f"{account}/{campaign}/{currency}"
