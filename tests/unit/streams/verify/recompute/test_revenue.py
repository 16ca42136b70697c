"""The sums of opportunities as verify computes them, from the ledger's journal alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from streams.verify.recompute.revenue import RevenueRecomputation, RevenueSubject
from tests.harness.engine.ledger_driver import AUTUMN, SPRING, LedgerDriver, ledger_definitions

WON: dict[str, Any] = {"won": True, "closed": True}


def recomputed(ledger: LedgerDriver) -> dict[RevenueSubject, dict[str, tuple[int, Decimal]]]:
    recomputation = RevenueRecomputation(lambda account, number: ledger.releases[account][number - 1])
    for _, value in ledger.journal:
        recomputation.feed(value)
    return {
        subject: {kind: each for kind, each in kinds.items() if each[0]}
        for subject, kinds in recomputation.totals().items()
    }


def test_the_last_state_of_each_opportunity_counts_once() -> None:
    ledger = LedgerDriver()
    ledger.apply()
    ledger.send("o1", at=1, amount="5")
    ledger.send("o1", at=3, amount="7.10", **WON)
    ledger.send("o1", at=2, amount="9")
    ledger.send("o2", at=1, amount="0.05", **WON)
    ledger.send("o3", at=1, amount="1", deleted=True)
    ledger.send("o4", at=1, amount="1", released=True, **WON)
    ledger.send("o5", at=1, amount=None, crm_campaign=None, campaign="autumn", closed=True, currency=None)
    assert recomputed(ledger) == {
        ("default", "spring", "EUR"): {"won": (2, Decimal("7.15"))},
        ("default", "autumn", "XXX"): {"lost": (1, Decimal(0))},
    }


def test_a_campaign_of_an_earlier_release_keeps_its_opportunities() -> None:
    ledger = LedgerDriver(ledger_definitions(spring=SPRING[:15]), ledger_definitions(autumn=AUTUMN))
    ledger.apply()
    ledger.send("o1", at=1, amount="5", **WON)
    ledger.send("o2", at=1, amount="3", crm_campaign=AUTUMN, **WON)
    ledger.apply()
    assert {subject.campaign for subject in recomputed(ledger)} == {"spring", "autumn"}
