"""Won, lost, reopened, moved, deleted: what each campaign earned, exactly."""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import pytest

from schemas.engine_versions import NEWEST_VERSION
from schemas.outputs.revenue import CampaignRevenue
from streams.engine.decisions.outputs import with_emitted_at
from streams.engine.journal.effects import Append, Budget, SourceRecord
from streams.engine.journal.records import Marker, encode
from streams.engine.journal.validate import EventValidator
from tests.harness.engine.ledger_driver import AUTUMN, FOREIGN, NOON, SPRING, LedgerDriver, ledger_definitions

WON: dict[str, Any] = {"won": True, "closed": True}
LOST: dict[str, Any] = {"closed": True}


@pytest.fixture
def ledger() -> LedgerDriver:
    ledger = LedgerDriver()
    ledger.apply()
    return ledger


def test_an_open_opportunity_that_is_won_moves_from_open_to_won(ledger: LedgerDriver) -> None:
    ledger.send(at=1, amount="100.10")
    assert ledger.revenue() == {"open": (1, "100.1")}
    ledger.send(at=2, amount="100.10", **WON)
    assert ledger.revenue() == {"won": (1, "100.1")}


def test_revenue_is_reversed_when_a_won_opportunity_is_reopened(ledger: LedgerDriver) -> None:
    ledger.send(at=1, amount="100", **WON)
    ledger.send(at=2, amount="100")
    assert ledger.revenue() == {"open": (1, "100")}


def test_cents_add_up_exactly(ledger: LedgerDriver) -> None:
    for number in range(30):
        ledger.send(f"o{number}", amount="0.1", **WON)
    ledger.send("large", amount="123456789012345678.01", **WON)
    assert ledger.revenue() == {"won": (31, "123456789012345681.01")}


def test_an_amount_changed_after_winning_counts(ledger: LedgerDriver) -> None:
    ledger.send(at=1, amount="100", **WON)
    ledger.send(at=2, amount="80.5", **WON)
    assert ledger.revenue() == {"won": (1, "80.5")}


def test_an_opportunity_without_amount_counts_as_one_of_nothing(ledger: LedgerDriver) -> None:
    ledger.send(amount=None, **WON)
    assert ledger.revenue() == {"won": (1, "0")}


def test_each_currency_has_its_own_sum(ledger: LedgerDriver) -> None:
    ledger.send("o1", amount="1", currency="EUR", **WON)
    ledger.send("o2", amount="2", currency="USD", **WON)
    assert (ledger.revenue(), ledger.revenue(currency="USD")) == ({"won": (1, "1")}, {"won": (1, "2")})


def test_a_change_of_currency_moves_the_amount(ledger: LedgerDriver) -> None:
    ledger.send(at=1, amount="1", currency="EUR", **WON)
    ledger.send(at=2, amount="1", currency="USD", **WON)
    assert (ledger.revenue(), ledger.revenue(currency="USD")) == ({}, {"won": (1, "1")})


def test_a_change_of_campaign_moves_the_revenue(ledger: LedgerDriver) -> None:
    ledger.send(at=1, amount="7", **WON)
    ledger.send(at=2, amount="7", crm_campaign=AUTUMN, **WON)
    assert (ledger.revenue(), ledger.revenue("autumn")) == ({}, {"won": (1, "7")})


def test_revenue_of_a_deleted_opportunity_is_reversed_until_it_is_undeleted(ledger: LedgerDriver) -> None:
    ledger.send(at=1, amount="7", **WON)
    ledger.send(at=2, amount="7", deleted=True, **WON)
    assert ledger.revenue() == {}
    ledger.send(at=3, amount="7", **WON)
    assert ledger.revenue() == {"won": (1, "7")}


def test_a_repeated_state_changes_and_writes_nothing(ledger: LedgerDriver) -> None:
    ledger.send(at=1, amount="7", **WON)
    before = list(ledger.outputs)
    for _ in range(3):
        ledger.send(at=1, amount="7", **WON)
        ledger.send(at=2, amount="7.00", **WON)
    assert ledger.outputs == before


def test_an_older_state_that_arrives_late_is_ignored(ledger: LedgerDriver) -> None:
    ledger.send(at=9, amount="7", **WON)
    ledger.send(at=1, amount="5")
    assert ledger.revenue() == {"won": (1, "7")}


@pytest.mark.parametrize(("versions", "amount"), [((0, 0), "5"), ((2, 1), "7"), ((1, 2), "5")])
def test_equal_stamps_go_by_version_then_by_the_order_of_the_journal(
    ledger: LedgerDriver, versions: tuple[int, int], amount: str
) -> None:
    ledger.send(at=9, amount="7", version=versions[0], **WON)
    ledger.send(at=9, amount="5", version=versions[1], **WON)
    assert ledger.revenue() == {"won": (1, amount)}


@pytest.mark.parametrize("crm_campaign", [None, FOREIGN])
def test_without_a_campaign_of_ours_the_lead_it_came_from_decides(
    ledger: LedgerDriver, crm_campaign: str | None
) -> None:
    ledger.send(amount="7", crm_campaign=crm_campaign, campaign="spring", **WON)
    assert ledger.revenue() == {"won": (1, "7")}


def test_an_opportunity_without_lead_or_campaign_counts_nowhere(ledger: LedgerDriver) -> None:
    ledger.send(amount="7", crm_campaign=FOREIGN, **WON)
    assert ledger.outputs == []


def test_ids_of_15_and_18_characters_are_the_same_campaign() -> None:
    ledger = LedgerDriver(ledger_definitions(spring=SPRING[:15]))
    ledger.apply()
    ledger.send(amount="7", **WON)
    assert ledger.revenue() == {"won": (1, "7")}


def test_of_two_campaigns_with_one_id_of_the_crm_the_first_counts() -> None:
    ledger = LedgerDriver(ledger_definitions(spring=SPRING, autumn=SPRING))
    ledger.apply()
    ledger.send(amount="7", **WON)
    assert (ledger.revenue(), ledger.revenue("autumn")) == ({"won": (1, "7")}, {})


def test_a_campaign_defined_later_gets_the_revenue_that_was_there_before() -> None:
    ledger = LedgerDriver(ledger_definitions(spring=SPRING), ledger_definitions(spring=SPRING, autumn=AUTUMN))
    ledger.apply()
    ledger.send("o1", amount="7", crm_campaign=AUTUMN, **WON)
    ledger.send("o2", amount="3", crm_campaign=AUTUMN)
    assert ledger.revenue("autumn") == {}
    ledger.apply()
    assert ledger.revenue("autumn") == {"won": (1, "7"), "open": (1, "3")}


def test_the_ledger_knows_its_release_after_a_restart() -> None:
    ledger = LedgerDriver()
    assert ledger.known_release() == 0
    ledger.apply()
    ledger.restart()
    assert ledger.known_release() == 1


def test_a_campaign_that_is_not_defined_any_more_keeps_its_revenue() -> None:
    ledger = LedgerDriver(ledger_definitions(spring=SPRING), ledger_definitions(autumn=AUTUMN))
    ledger.apply()
    ledger.send(amount="7", **WON)
    ledger.apply()
    ledger.send(at=2, amount="8", **WON)
    assert ledger.revenue() == {"won": (1, "8")}


def test_accounts_never_see_each_other(ledger: LedgerDriver) -> None:
    ledger.send(amount="7", account="other", **WON)
    assert ledger.revenue() == {}


def test_the_instant_of_a_total_never_goes_back(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=50, amount="1")
    ledger.send("o2", at=10, amount="1")
    instants = [
        json.loads(output.value or b"")["at"] for output in ledger.outputs if output.topic == "campaign-revenue"
    ]
    assert instants == sorted(instants)


def test_the_lead_gets_every_outcome_of_its_opportunity(ledger: LedgerDriver) -> None:
    lead: dict[str, Any] = {"contact": "ada", "campaign": "spring"}
    ledger.send(at=1, amount="7", **lead)
    ledger.send(at=2, amount="7", **lead, **WON)
    ledger.send(at=3, amount="9", **lead, **WON)
    ledger.send(at=4, amount="9", **lead)
    ledger.send(at=5, amount="9", **lead, **LOST)
    ledger.send(at=6, amount="9", deleted=True, **lead, **LOST)
    outcomes = [(outcome["outcome"], outcome["amount"]) for outcome in ledger.outcomes()]
    assert outcomes == [("open", "7"), ("won", "7"), ("won", "9"), ("open", "9"), ("lost", "9"), ("deleted", "9")]
    assert {(outcome["contact"], outcome["campaign"]) for outcome in ledger.outcomes()} == {("ada", "spring")}
    assert len({outcome["id"] for outcome in ledger.outcomes()}) == 6


def test_the_pipeline_accepts_the_outcomes_of_the_ledger(ledger: LedgerDriver) -> None:
    ledger.send(amount="7", contact="ada", campaign="spring", **WON)
    [output] = [output for output in ledger.outputs if output.topic == "crm-results"]
    record = SourceRecord(output.topic, 0, 0, NOON, output.key, output.value, (), NOON)
    assert isinstance(EventValidator("events").validate(record), Append)


def test_the_changelog_stores_the_reported_outcome_under_its_own_name(ledger: LedgerDriver) -> None:
    ledger.send(amount="7", contact="ada", campaign="spring", **WON)
    [row] = [json.loads(value) for key, value in ledger.rows.items() if key.startswith(b"opportunity/")]
    assert row["told"]["outcome"] == "won"
    assert "reported_outcome" not in row


def test_rows_of_revenue_are_as_their_schema_says(ledger: LedgerDriver) -> None:
    ledger.send(at=1, amount="7.50", **WON)
    [output] = ledger.outputs
    assert output.key == b"default/spring/EUR"
    row = CampaignRevenue.model_validate_json(with_emitted_at(output.value, NOON) or b"")
    assert (row.won.count, row.won.amount, row.cause.kind, row.number.ordinal) == (1, "7.5", "crm", 0)


def test_an_opportunity_moved_to_another_contact_leaves_the_first(ledger: LedgerDriver) -> None:
    ledger.send(at=1, contact="ada", campaign="spring", **WON)
    ledger.send(at=2, contact="bob", campaign="spring", **WON)
    outcomes = [(outcome["contact"], outcome["outcome"]) for outcome in ledger.outcomes()]
    assert outcomes == [("ada", "won"), ("ada", "deleted"), ("bob", "won")]


def test_a_state_left_and_entered_again_within_one_second_has_ids_of_its_own(ledger: LedgerDriver) -> None:
    for won in (True, False, True):
        ledger.send(at=1, won=won, closed=won, amount="7", contact="ada", campaign="spring")
    assert len({outcome["id"] for outcome in ledger.outcomes()}) == 3


def test_a_marker_is_processed_in_portions_and_survives_a_restart_in_the_middle() -> None:
    releases = (ledger_definitions(spring=SPRING), ledger_definitions(spring=SPRING, autumn=AUTUMN))
    ledger, reference = LedgerDriver(*releases), LedgerDriver(*releases)
    for driver in (ledger, reference):
        driver.apply()
        for number in range(20):
            driver.send(f"o{number:02d}", at=number, amount="1.5", crm_campaign=AUTUMN, **WON)
    reference.apply()
    ledger.append_undecided(b"release", encode(Marker("default", 2, 2, "hash", NOON, NEWEST_VERSION)))
    ledger.work(Budget(records=7))
    assert ledger.has_pending
    ledger.restart()
    while ledger.has_pending:
        ledger.work(Budget(records=3))
    assert ledger.outputs == reference.outputs
    assert ledger.rows == reference.rows
    assert ledger.position == reference.position


def plain_id(row: dict[str, Any]) -> str:
    """The id of a row that is the only one of its total at its place in the journal."""
    key = f"{row['account']}/{row['campaign']}/{row['currency']}"
    parts = ("campaign.revenue", key, str(row["number"]["offset"]))
    return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def test_a_reader_that_drops_repeated_ids_has_all_that_a_release_counts() -> None:
    ledger = LedgerDriver(ledger_definitions(spring=SPRING), ledger_definitions(spring=SPRING, autumn=AUTUMN))
    ledger.apply()
    for number in range(3):
        ledger.send(f"o{number}", at=number, amount="1.5", crm_campaign=AUTUMN, **WON)
    ledger.apply()
    read: dict[str, dict[str, Any]] = {}
    for row in ledger.revenue_rows():
        read.setdefault(row["id"], row)
    assert [row["won"]["amount"] for row in read.values()] == ["1.5", "3", "4.5"]
    assert [row["number"]["ordinal"] for row in read.values()] == [0, 4, 8]


def test_only_a_row_that_another_one_of_its_total_precedes_has_its_ordinal_in_its_id(ledger: LedgerDriver) -> None:
    ledger.add_release(ledger_definitions(spring=AUTUMN, autumn=SPRING))
    for number, campaign in enumerate((SPRING, AUTUMN, FOREIGN)):
        ledger.send(f"o{number}", at=number, amount="1", crm_campaign=campaign, **WON)
    ledger.apply()
    rows = ledger.revenue_rows()
    assert [(row["campaign"], row["number"]["ordinal"]) for row in rows] == [
        *(("spring", 0), ("autumn", 0)),
        *(("spring", 0), ("autumn", 1), ("autumn", 4), ("spring", 5)),
    ]
    assert [row["id"] == plain_id(row) for row in rows] == [True, True, True, True, False, False]


def test_the_largest_and_the_smallest_amounts_add_up(ledger: LedgerDriver) -> None:
    largest, smallest = "9" * 30, f"0.{'0' * 28}1"
    for number in range(11):
        ledger.send(f"o{number}", amount=largest, **WON)
    ledger.send("smallest", amount=smallest, **WON)
    ledger.send("tiny", amount="1e-30", **WON)
    count, amount = ledger.revenue()["won"]
    assert (count, Decimal(amount) - 11 * int(largest)) == (13, Decimal(smallest) + Decimal("1e-30"))
