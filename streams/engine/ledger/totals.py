"""The revenue of one campaign in one currency: counts and exact amounts of won, lost and open opportunities."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from streams.engine.ledger import money
from streams.engine.ledger.opportunity import Contribution


class Sum(msgspec.Struct, frozen=True):
    """How many opportunities, and how much money (decimal text)."""

    count: int = 0
    amount: str = money.ZERO


class Total(msgspec.Struct, frozen=True):
    """A row of `campaign-revenue`; `at` (ms) never goes back."""

    account: str
    campaign: str
    currency: str
    at: int
    won: Sum = Sum()
    lost: Sum = Sum()
    open: Sum = Sum()

    @property
    def key(self) -> str:
        """Account, campaign and currency, as the topic's key."""
        return total_key(self.account, self.campaign, self.currency)

    def plus(self, part: Contribution) -> Total:
        """With one opportunity more."""
        return self._moved(part, 1, money.plus)

    def minus(self, part: Contribution) -> Total:
        """With one opportunity less."""
        return self._moved(part, -1, money.minus)

    def _moved(self, part: Contribution, step: int, fold: Callable[[str, str], str]) -> Total:
        old: Sum = getattr(self, part.kind)
        new = Sum(old.count + step, fold(old.amount, part.amount))
        changed: Total = msgspec.structs.replace(self, **{part.kind: new})
        return changed


def total_key(account: str, campaign: str, currency: str) -> str:
    """The key of a total; account and campaign are slugs."""
    return f"{account}/{campaign}/{currency}"
