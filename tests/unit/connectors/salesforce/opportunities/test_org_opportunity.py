"""The state of an opportunity as events and the ledger tell it."""

from __future__ import annotations

import json

import pytest

from connectors.salesforce.opportunities.ledger_state import current_rows, is_record_id, state_from_ledger
from connectors.salesforce.opportunities.org_opportunity import (
    LeadOrigin,
    OpportunityRow,
    OrgOpportunity,
    state_from_event,
)
from connectors.salesforce.opportunities.poll import is_ours
from schemas.events.opportunities import OpportunityChanged
from streams.store.ledger_rows import LedgerRow
from tests.harness.salesforce.releases import cursor_after

ROW = OpportunityRow(
    id="0065A00000000O1QAQ",
    modified="2026-05-01T07:25:37.000Z",
    name="Engines",
    stage="Closed Won",
    won=True,
    closed=True,
    deleted=False,
    amount="1234.5",
    currency="EUR",
    close_date="2026-06-01",
    crm_campaign="7015A000000SPR1QAO",
)
LEAD = LeadOrigin("acme", "00Q5A0000000001QAA", "ada", "spring", "0/7/0")


@pytest.mark.parametrize(
    "change",
    [
        {"crm": "hubspot"},
        {"crm": "salesforce:emea"},
        {"account": None},
        {"opportunity": 17},
        {"opportunity": "deal-17"},
        {"modified": "yesterday"},
        {"modified": "2026-05-01T07:25:37"},
        {"version": "7"},
    ],
)
def test_what_others_write_to_the_topic_is_not_the_connectors_own(change: dict[str, object]) -> None:
    event = OrgOpportunity(ROW, "acme", "campaign", LEAD).to_event("salesforce", 7)
    assert is_ours(event)
    assert not is_ours({**event, **change})
    assert not is_ours([event])


def test_an_event_tells_the_state_from_which_it_was_made() -> None:
    state = OrgOpportunity(ROW, "acme", "campaign", LEAD)
    event = state.to_event("salesforce", 7)
    OpportunityChanged.model_validate_json(json.dumps(event))
    assert state_from_event(event).tells_the_same_as(state)
    assert (event["account"], event["contact"], event["origin"]) == ("acme", "ada", "campaign")


def test_the_contact_of_another_account_is_not_told_to_the_owner() -> None:
    event = OrgOpportunity(ROW, "beta", "campaign", LEAD).to_event("salesforce", 7)
    assert not {"contact", "campaign", "crm_record"} & event.keys()


def test_the_id_of_an_event_depends_on_state_and_stamp_not_on_the_version() -> None:
    state = OrgOpportunity(ROW, "acme", "campaign", LEAD)
    assert state.to_event("salesforce", 7)["id"] == state.to_event("salesforce", 8)["id"]
    released = state.to_event("salesforce", 7, released=True)
    assert released["id"] != state.to_event("salesforce", 7)["id"]


def test_after_a_release_without_the_next_owner_the_opportunity_is_no_accounts() -> None:
    state = OrgOpportunity(ROW, "acme", "campaign", LEAD)
    cursor = cursor_after([state.to_event("salesforce", 7), state.to_event("salesforce", 8, released=True)])
    assert cursor.version == 8
    assert not cursor.states[ROW.id].tells_the_same_as(state)


def ledger_row(**more: object) -> LedgerRow:
    fields = {"modified": 1_777_620_337_000, "outcome": "won", "currency": "EUR", "amount": "1234.5"}
    crm = {"crm_campaign": ROW.crm_campaign, "campaign": "spring", "contact": "ada"}
    return LedgerRow(**{"account": "acme", "id": ROW.id, **fields, **crm, **more})  # type: ignore[arg-type]


def test_a_row_of_the_ledger_tells_the_same_as_the_state_that_it_was_decided_from() -> None:
    state = OrgOpportunity(ROW, "acme", "campaign", LEAD)
    known = state_from_ledger(ledger_row())
    assert known.row.modified == ROW.modified
    assert state.tells_the_same_as(known)


@pytest.mark.parametrize(
    "difference",
    [
        {"outcome": "lost"},
        {"outcome": "deleted"},
        {"amount": "1234"},
        {"amount": None},
        {"currency": "USD"},
        {"crm_campaign": None},
        {"contact": "bob"},
        {"campaign": None},
        {"account": "beta"},
    ],
)
def test_whatever_differs_from_the_ledger_is_a_change(difference: dict[str, object]) -> None:
    state = OrgOpportunity(ROW, "acme", "campaign", LEAD)
    assert not state.tells_the_same_as(state_from_ledger(ledger_row(**difference)))


def test_events_win_over_the_rows_of_the_ledger() -> None:
    state = OrgOpportunity(ROW, "acme", "campaign", LEAD)
    known = [state_from_ledger(ledger_row(amount="1")), state_from_ledger(ledger_row(id="0065A00000000O2QAQ"))]
    cursor = cursor_after([state.to_event("salesforce", 7)], known)
    assert cursor.states[ROW.id].tells_the_same_as(state)
    assert set(cursor.states) == {ROW.id, "0065A00000000O2QAQ"}


def test_of_an_opportunity_that_was_released_the_row_of_its_present_account_counts() -> None:
    released = ledger_row(outcome="deleted", modified=1_777_620_337_001, version=9)
    present = ledger_row(account="beta", version=9)
    for order in ([released, present], [present, released]):
        assert current_rows(order) == {ROW.id: present}
    assert current_rows([ledger_row(version=1), ledger_row(version=2)])[ROW.id].version == 2
    assert current_rows([ledger_row(id="deal-17")]) == {}


@pytest.mark.parametrize(
    ("opportunity", "is_salesforces"),
    [(ROW.id, True), ("deal-17", False), ("7015A000000SPR1QAO", False), ("006", False)],
)
def test_opportunities_of_other_crms_are_told_apart(opportunity: str, is_salesforces: bool) -> None:
    assert is_record_id(opportunity) is is_salesforces
