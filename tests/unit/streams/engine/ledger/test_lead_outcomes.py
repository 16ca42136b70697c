"""A lead's outcome speaks for all its opportunities: won if any is won, else open if any is open, else lost."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.events.crm import CrmOutcome
from streams.engine.decisions.outputs import with_emitted_at
from streams.engine.journal.effects import Append, Budget, SourceRecord
from streams.engine.journal.records import JournalEvent, decode
from streams.engine.journal.validate import EventValidator
from tests.harness.engine.ledger_driver import AUTUMN, FOREIGN, NOON, SPRING, LedgerDriver, ledger_definitions

ADA: dict[str, Any] = {"contact": "ada", "campaign": "spring"}
BOB: dict[str, Any] = {"contact": "bob", "campaign": "spring"}
WON: dict[str, Any] = {"won": True, "closed": True}
LOST: dict[str, Any] = {"closed": True}
GONE: dict[str, Any] = {"deleted": True}


@pytest.fixture
def ledger() -> LedgerDriver:
    ledger = LedgerDriver()
    ledger.apply()
    return ledger


def told(ledger: LedgerDriver, contact: str = "ada") -> list[tuple[str, str, str]]:
    """What a contact's leads were told: opportunity, outcome, amount."""
    outcomes = [outcome for outcome in ledger.outcomes() if outcome["contact"] == contact]
    return [(outcome["opportunity"], outcome["outcome"], outcome["amount"]) for outcome in outcomes]


def last(ledger: LedgerDriver, contact: str = "ada") -> tuple[str, str, str]:
    return told(ledger, contact)[-1]


def test_a_lead_with_a_won_opportunity_and_one_that_was_opened_and_deleted_says_won(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="100", **ADA, **WON)
    ledger.send("o2", at=2, amount="50", **ADA)
    ledger.send("o2", at=3, amount="50", **ADA, **GONE)
    assert told(ledger) == [("o1", "won", "100"), ("o2", "won", "100"), ("o2", "won", "100")]


@pytest.mark.parametrize(
    ("states", "outcome", "amount"),
    [
        ((WON, {}, LOST), "won", "1"),
        (({}, WON, LOST), "won", "2"),
        ((LOST, {}, LOST), "open", "2"),
        ((LOST, LOST, LOST), "lost", "6"),
        ((LOST, GONE, LOST), "lost", "4"),
        ((GONE, {}, GONE), "open", "2"),
        ((WON, {"deleted": True, **WON}, WON), "won", "4"),
    ],
)
def test_won_goes_before_open_and_open_before_lost_with_the_sum_of_those_that_are_so(
    ledger: LedgerDriver, states: tuple[dict[str, Any], ...], outcome: str, amount: str
) -> None:
    for number, state in enumerate(states, start=1):
        ledger.send(f"o{number}", at=number, amount=str(number), **ADA, **state)
    # Whatever the last one was before, its change makes the lead hear the sum of all.
    ledger.send("o3", at=8, amount="9", **ADA)
    ledger.send("o3", at=9, amount="3", **ADA, **states[2])
    assert last(ledger)[1:] == (outcome, amount)


def test_a_lead_whose_last_opportunity_is_deleted_says_deleted_until_it_is_undeleted(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    ledger.send("o2", at=2, amount="5", **ADA, **LOST)
    ledger.send("o1", at=3, amount="7", **ADA, **WON, **GONE)
    assert last(ledger) == ("o1", "lost", "5")
    ledger.send("o2", at=4, amount="5", **ADA, **LOST, **GONE)
    assert last(ledger) == ("o2", "deleted", "5")
    ledger.send("o1", at=5, amount="7", **ADA, **WON)
    assert last(ledger) == ("o1", "won", "7")


def test_a_lead_that_never_heard_of_an_opportunity_does_not_hear_of_its_deletion(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="7", **ADA, **GONE)
    assert ledger.outcomes() == []
    ledger.send("o1", at=2, amount="7", **ADA)
    assert told(ledger) == [("o1", "open", "7")]


def test_a_lead_does_not_hear_of_an_opportunity_that_comes_to_it_deleted(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="100", **ADA, **WON)
    ledger.send("o1", at=2, amount="100", **BOB, **GONE)
    assert told(ledger) == [("o1", "won", "100"), ("o1", "deleted", "100")]
    assert told(ledger, "bob") == []
    ledger.send("o1", at=3, amount="100", **BOB, **WON)
    assert told(ledger, "bob") == [("o1", "won", "100")]
    assert len(told(ledger)) == 2


def test_an_opportunity_that_goes_to_another_contact_leaves_the_first_with_what_remains(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    ledger.send("o2", at=2, amount="5", **ADA)
    ledger.send("o1", at=3, amount="7", **BOB, **WON)
    assert last(ledger) == ("o1", "open", "5")
    assert last(ledger, "bob") == ("o1", "won", "7")
    ledger.send("o2", at=4, amount="5", **BOB)
    assert last(ledger) == ("o2", "deleted", "5")
    assert last(ledger, "bob") == ("o2", "won", "7")


def test_an_opportunity_that_another_account_owns_now_takes_everything_back(ledger: LedgerDriver) -> None:
    ledger.add_release(ledger_definitions(account="acme", winter=AUTUMN))
    ledger.apply(account="acme")
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    ledger.send("o2", at=1, amount="2", **ADA)
    ledger.send("o1", at=2, amount="7", released=True, **ADA, **WON)
    ledger.send("o1", at=2, amount="7", account="acme", crm_campaign=AUTUMN, contact="eve", **WON)
    assert ledger.revenue() == {"open": (1, "2")}
    assert ledger.revenue("winter", account="acme") == {"won": (1, "7")}
    assert last(ledger) == ("o1", "open", "2")
    assert last(ledger, "eve") == ("o1", "won", "7")


def test_a_lead_converted_into_an_opportunity_that_was_seen_before_gets_its_outcome(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, version=1, amount="7", crm_campaign=FOREIGN, **WON)
    assert ledger.outputs == []
    ledger.send("o1", at=1, version=2, amount="7", crm_campaign=FOREIGN, **ADA, **WON)
    assert ledger.revenue() == {"won": (1, "7")}
    assert told(ledger) == [("o1", "won", "7")]


def test_the_opportunitys_own_campaign_earns_and_the_lead_that_was_converted_hears_of_it(
    ledger: LedgerDriver,
) -> None:
    ledger.send("o1", at=1, amount="7", crm_campaign=AUTUMN, **ADA, **WON)
    assert (ledger.revenue("autumn"), ledger.revenue("spring")) == ({"won": (1, "7")}, {})
    assert {(outcome["contact"], outcome["campaign"]) for outcome in ledger.outcomes()} == {("ada", "spring")}


def test_a_contact_without_a_campaign_of_a_lead_has_it_in_the_opportunitys_campaign(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="7", crm_campaign=AUTUMN, contact="ada", **WON)
    assert {(outcome["contact"], outcome["campaign"]) for outcome in ledger.outcomes()} == {("ada", "autumn")}


def test_leads_of_one_contact_in_two_campaigns_have_outcomes_of_their_own(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    ledger.send("o2", at=2, amount="5", contact="ada", campaign="autumn")
    assert told(ledger) == [("o1", "won", "7"), ("o2", "open", "5")]


def test_amounts_of_several_currencies_stand_apart(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="7.50", currency="USD", **ADA, **WON)
    ledger.send("o2", at=2, amount="2", currency="EUR", **ADA, **WON)
    ledger.send("o3", at=3, amount="0.5", currency="USD", **ADA, **WON)
    second, third = ledger.outcomes()[1:]
    # Of equally many the first by name is named, else that of the most.
    assert (second["amount"], second["currency"], second["amounts"]) == ("2", "EUR", {"EUR": "2", "USD": "7.5"})
    assert (third["amount"], third["currency"], third["amounts"]) == ("8", "USD", {"EUR": "2", "USD": "8"})
    ledger.send("o2", at=4, amount="2", currency="EUR", **ADA)
    assert "amounts" not in ledger.outcomes()[-1]


def test_an_opportunity_without_amount_adds_nothing(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount=None, **ADA, **WON)
    assert last(ledger) == ("o1", "won", "0")


def test_the_event_tells_beside_the_leads_outcome_that_of_the_opportunity(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    ledger.send("o2", at=2, amount="5", currency="USD", **ADA, **LOST)
    ledger.send("o2", at=3, amount="5", currency="USD", **BOB, **LOST)
    states = [(outcome["contact"], outcome["opportunity_state"]) for outcome in ledger.outcomes()]
    lost = {"outcome": "lost", "currency": "USD", "amount": "5"}
    assert states[1:] == [("ada", lost), ("ada", {**lost, "outcome": "deleted"}), ("bob", lost)]


def test_every_outcome_has_the_number_of_an_output_and_names_its_cause_and_release(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    outcome = CrmOutcome.model_validate_json(ledger.outputs[-1].value or b"")
    assert outcome.number == (0, 1, 1)
    assert outcome.cause is not None
    assert (outcome.cause.kind, outcome.cause.event, outcome.cause.release) == ("crm", "o1-1", 1)


def test_a_row_of_revenue_names_the_release_that_decided(ledger: LedgerDriver) -> None:
    ledger.add_release(ledger_definitions(spring=SPRING, autumn=AUTUMN, winter=FOREIGN))
    ledger.send("o1", at=1, amount="7", crm_campaign=FOREIGN, **WON)
    ledger.apply()
    ledger.send("o1", at=2, amount="8", crm_campaign=FOREIGN, **WON)
    causes = [output["cause"] for output in ledger.revenue_rows()]
    assert causes == [{"kind": "definition", "release": 2}, {"kind": "crm", "event": "o1-2", "release": 2}]


def test_the_number_of_an_outcome_is_not_taken_for_that_of_a_hand_over(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    [output] = [output for output in ledger.outputs if output.topic == "crm-results"]
    value = with_emitted_at(output.value, NOON)
    [accepted] = EventValidator("events")(SourceRecord("crm-results", 0, 0, NOON, output.key, value, (), NOON))
    assert isinstance(accepted, Append)
    event = decode(accepted.value)
    assert isinstance(event, JournalEvent)
    assert "number" not in event.fields
    assert event.fields["opportunity_state"] == {"outcome": "won", "currency": "EUR", "amount": "7"}


def test_a_restart_remembers_which_opportunities_a_lead_has(ledger: LedgerDriver) -> None:
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    ledger.send("o2", at=2, amount="5", **ADA)
    ledger.send("o2", at=3, amount="5", **BOB)
    ledger.restart()
    ledger.send("o3", at=4, amount="1", **ADA, **LOST)
    assert last(ledger) == ("o3", "won", "7")
    ledger.send("o1", at=5, amount="7", **BOB, **WON)
    assert (last(ledger), last(ledger, "bob")) == (("o1", "lost", "1"), ("o1", "won", "7"))


def version_3(*versions: int) -> LedgerDriver:
    """A ledger whose account begins at engine version 3."""
    releases = [
        ledger_definitions(engine_version=version, spring=SPRING)  # type: ignore[arg-type]  # 3 or 4
        for version in (3, *versions)
    ]
    ledger = LedgerDriver(*releases)
    ledger.apply()
    return ledger


def test_an_account_of_version_3_hears_of_each_opportunity_alone() -> None:
    ledger = version_3()
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    ledger.send("o2", at=2, amount=None, **ADA)
    ledger.send("o2", at=3, amount=None, **ADA, **GONE)
    assert [(each["outcome"], each.get("amount")) for each in ledger.outcomes()] == [
        ("won", "7"),
        ("open", None),
        ("deleted", None),
    ]
    fields = {"id", "type", "at", "account", "contact", "campaign", "opportunity", "outcome", "currency", "amount"}
    assert ledger.outcomes()[0].keys() == fields
    assert ledger.revenue_rows()[0]["cause"] == {"kind": "crm", "event": "o1-1"}


def test_an_upgrade_tells_each_lead_of_several_opportunities_once_what_they_say_together() -> None:
    ledger = version_3(4)
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    ledger.send("o2", at=2, amount="5", **ADA)
    ledger.send("o2", at=3, amount="5", **ADA, **GONE)
    ledger.send("o3", at=4, amount="3", **BOB, **WON)
    before = len(ledger.outputs)
    ledger.append_undecided(b"release", ledger.next_marker())
    for portion in (1, 2, 9):
        ledger.work(Budget(records=portion))
        ledger.restart()
    assert not ledger.has_pending
    assert len(ledger.outputs) == before + 1
    assert last(ledger) == ("o2", "won", "7")


def test_an_upgrade_tells_a_lead_nothing_that_it_knows() -> None:
    ledger = version_3(4)
    ledger.send("o1", at=1, amount="7", **ADA, **WON)
    for opportunity in ("o2", "o3"):
        ledger.send(opportunity, at=2, amount="5", **BOB)
        ledger.send(opportunity, at=3, amount="5", **BOB, **GONE)
    before = list(ledger.outputs)
    ledger.apply()
    assert ledger.outputs == before
