"""The totals are those of the latest states, for any order of events, repeats and restarts."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.harness.engine.ledger_driver import AUTUMN, FOREIGN, SPRING, LedgerDriver

CAMPAIGN = {SPRING: "spring", AUTUMN: "autumn", FOREIGN: None}
STATES = st.fixed_dictionaries(
    {
        "opportunity": st.sampled_from(["o1", "o2", "o3"]),
        "at": st.integers(0, 5),
        "amount": st.none() | st.decimals(0, 1000, places=2).map(str),
        "currency": st.sampled_from(["EUR", "USD"]),
        "crm_campaign": st.sampled_from(sorted(CAMPAIGN)),
        "won": st.booleans(),
        "closed": st.booleans(),
        "deleted": st.booleans(),
        "contact": st.sampled_from(["ada", "bob"]),
    }
)


def expected(states: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, tuple[int, Decimal]]]:
    """Computes the totals in batch: the latest state of each opportunity, summed."""
    latest: dict[str, dict[str, Any]] = {}
    for state in states:
        previous = latest.get(state["opportunity"])
        if previous is None or state["at"] >= previous["at"]:
            latest[state["opportunity"]] = state
    sums: dict[tuple[str, str], dict[str, tuple[int, Decimal]]] = defaultdict(dict)
    for state in latest.values():
        campaign = CAMPAIGN[state["crm_campaign"]]
        if campaign is None or state["deleted"]:
            continue
        kind = "won" if state["won"] else "lost" if state["closed"] else "open"
        count, amount = sums[campaign, state["currency"]].get(kind, (0, Decimal(0)))
        sums[campaign, state["currency"]][kind] = (count + 1, amount + Decimal(state["amount"] or 0))
    return sums


@given(st.lists(st.tuples(STATES, st.integers(1, 2), st.booleans()), max_size=25))
def test_streaming_equals_batch(steps: list[tuple[dict[str, Any], int, bool]]) -> None:
    ledger = LedgerDriver()
    ledger.apply()
    for state, times, restart in steps:
        for _ in range(times):
            ledger.send(**state)
        if restart:
            ledger.restart()
    totals = expected([state for state, _, _ in steps])
    for campaign in ("spring", "autumn"):
        for currency in ("EUR", "USD"):
            revenue = ledger.revenue(campaign, currency)
            exact = {kind: (count, Decimal(amount)) for kind, (count, amount) in revenue.items()}
            assert exact == totals.get((campaign, currency), {})
