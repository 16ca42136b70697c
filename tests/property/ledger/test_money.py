"""Whatever becomes of opportunities, revenue ends in the sum of the final rows, to the cent."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from streams.verify.recompute.revenue import RevenueRecomputation
from tests.harness.engine.ledger_driver import AUTUMN, LedgerDriver, ledger_definitions
from tests.harness.engine.ledger_histories import (
    ACCOUNTS,
    STEPS,
    HistoryStep,
    LeadOutcomes,
    Totals,
    expected_outcomes,
    expected_totals,
    never_down,
    play,
)

HISTORIES = st.lists(STEPS, max_size=25).map(never_down)


SALE = {"account": "default", "at": 0, "amount": "1", "crm_campaign": AUTUMN, "won": True, "closed": True}
COUNTED_BY_A_RELEASE = [
    *(HistoryStep({**SALE, "opportunity": name}, None, 1, 0, restarts=False) for name in ("o1", "o2", "o3")),
    HistoryStep(None, ledger_definitions(autumn=AUTUMN), 1, 1, restarts=False),
]
"""Three opportunities that count for one campaign from a release on, which a restart interrupts."""


def new_ledger() -> LedgerDriver:
    """A ledger without any release."""
    ledger = LedgerDriver(ledger_definitions())
    ledger.releases.clear()
    return ledger


def totals(ledger: LedgerDriver) -> Totals:
    """The last rows of revenue, without what is 0."""
    rows = {(row["account"], row["campaign"], row["currency"]): row for row in ledger.revenue_rows()}
    sums = {
        key: {kind: (row[kind]["count"], Decimal(row[kind]["amount"])) for kind in ("won", "open", "lost")}
        for key, row in rows.items()
    }
    assert all(count or not amount for each in sums.values() for count, amount in each.values())
    kept = {key: {kind: each for kind, each in kinds.items() if each[0]} for key, kinds in sums.items()}
    return {key: kinds for key, kinds in kept.items() if kinds}


def outcomes(ledger: LedgerDriver) -> LeadOutcomes:
    """What leads heard last, but for `deleted`."""
    last = {(each["account"], each["contact"], each["campaign"]): each for each in ledger.outcomes()}
    return {
        lead: (
            event["outcome"],
            {
                currency: Decimal(amount)
                for currency, amount in event.get("amounts", {event["currency"]: event.get("amount", "0")}).items()
            },
        )
        for lead, event in last.items()
        if event["outcome"] != "deleted"
    }


@given(HISTORIES)
def test_revenue_is_the_sum_of_the_final_rows(steps: list[HistoryStep]) -> None:
    ledger = new_ledger()
    play(ledger, steps, interrupted=True)
    assert totals(ledger) == expected_totals(steps)


@given(HISTORIES)
def test_verify_computes_the_same_from_the_journal(steps: list[HistoryStep]) -> None:
    ledger = new_ledger()
    play(ledger, steps, interrupted=False)
    recomputation = RevenueRecomputation(lambda account, number: ledger.releases[account][number - 1])
    for _, value in ledger.journal:
        recomputation.feed(value)
    kept = {
        tuple(subject): {kind: each for kind, each in kinds.items() if each[0]}
        for subject, kinds in recomputation.totals().items()
    }
    assert kept == expected_totals(steps)


@given(HISTORIES)
def test_what_a_lead_heard_last_is_what_its_final_opportunities_say_together(steps: list[HistoryStep]) -> None:
    ledger = new_ledger()
    play(ledger, steps, interrupted=True)
    assert outcomes(ledger) == expected_outcomes(steps)


@given(HISTORIES)
@example(COUNTED_BY_A_RELEASE)
def test_restarts_change_no_byte(steps: list[HistoryStep]) -> None:
    interrupted, reference = new_ledger(), new_ledger()
    play(interrupted, steps, interrupted=True)
    play(reference, steps, interrupted=False)
    assert interrupted.outputs == reference.outputs
    assert interrupted.rows == reference.rows


@given(HISTORIES)
@example(COUNTED_BY_A_RELEASE)
def test_ids_and_numbers_of_outputs_are_unique_and_every_output_names_its_cause(steps: list[HistoryStep]) -> None:
    ledger = new_ledger()
    play(ledger, steps, interrupted=True)
    outputs = [json.loads(output.value or b"") for output in ledger.outputs]
    assert len({output["id"] for output in outputs}) == len(outputs)
    numbers = [tuple(output["number"].values()) for output in outputs if "number" in output]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers)
    for output in outputs:
        if "cause" in output:
            assert output["cause"]["kind"] in ("crm", "definition")
    assert {output["account"] for output in outputs} <= set(ACCOUNTS)
