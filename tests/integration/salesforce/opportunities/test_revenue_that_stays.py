"""Revenue by a contact role stays where it is while nothing changes in Salesforce, whatever is handed over later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.opportunities.ledger_state import state_from_ledger
from connectors.salesforce.org.client import OrgClient
from streams.store.ledger_rows import LedgerRow
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of
from tests.harness.salesforce.releases import PolledOrg, cursor_after
from tests.harness.salesforce.sandbox import SandboxClient


@pytest.fixture
def org(client: OrgClient) -> PolledOrg:
    polled = PolledOrg(client)
    polled.apply("default", {}, attribution="contact_roles")
    return polled


@pytest.fixture
def delivery(sandbox: SandboxClient) -> Delivery:
    return delivery_to(sandbox, mapping_of())


def won_sale_of(sandbox: SandboxClient, *contacts: str) -> str:
    """A won opportunity without a campaign, in which Contacts have roles, the first one the primary role."""
    fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "Amount": 10_000}
    opportunity = str(sandbox.post("record", type="Opportunity", **fields)["Id"])
    for each in contacts:
        sandbox.post("contact_role", opportunity=opportunity, contact=each, primary=each == contacts[0])
    sandbox.post("win", opportunity=opportunity)
    return opportunity


def contact_handed_over(sandbox: SandboxClient, delivery: Delivery, contact: str, offset: int = 1) -> str:
    """The Contact of a converted Lead, which was handed over for spring since the conversion."""
    [first] = answers_of(delivery, lead_of(contact, offset, campaign=None, of="spring"))
    converted = sandbox.post("convert", lead=first.record, opportunity=False)["contact"]
    answers_of(delivery, lead_of(contact, offset + 1, campaign=None, of="spring"))
    return str(converted)


def ledger_row_of(event: dict[str, Any]) -> LedgerRow:
    """What the ledger keeps of an event."""
    kept = {name: event[name] for name in ("account", "amount", "currency", "contact", "campaign")}
    return LedgerRow(id=event["opportunity"], outcome="won", modified=1_700_000_000_000, version=1, **kept)


def look_after_a_day(org: PolledOrg, sandbox: SandboxClient) -> None:
    sandbox.post("clock", advance=86_400)
    org.ask()  # learns what time it is
    org.ask()


def look_after_a_restart(org: PolledOrg, _: SandboxClient) -> None:
    org.restart()
    org.ask()


def look_by_the_ledger(org: PolledOrg, _: SandboxClient) -> None:
    """The topic has forgotten the opportunity: the process begins with the ledger's row."""
    org.cursor = cursor_after([], [state_from_ledger(ledger_row_of(org.events[-1]))])
    org.ask()


def look_after_an_edit_of_the_role(org: PolledOrg, sandbox: SandboxClient) -> None:
    [role] = sandbox.live_records("OpportunityContactRole")
    sandbox.post("edit", type="OpportunityContactRole", id=role["Id"], Role="Decision Maker")
    org.ask_until_leads()


@pytest.mark.parametrize(
    "look", [look_after_a_day, look_after_a_restart, look_by_the_ledger, look_after_an_edit_of_the_role]
)
def test_a_later_hand_over_of_a_contact_moves_no_revenue_of_its_role(
    org: PolledOrg,
    sandbox: SandboxClient,
    delivery: Delivery,
    look: Callable[[PolledOrg, SandboxClient], None],
) -> None:
    opportunity = won_sale_of(sandbox, contact_handed_over(sandbox, delivery, "ada"))
    event = org.ask_for_one()
    assert (event["won"], event["amount"], event["campaign"]) == (True, "10000", "spring")
    answers_of(delivery, lead_of("ada", 9, campaign=None, of="autumn"))
    assert sandbox.live_records("Contact")[0]["Leadstream_Campaign__c"] == "autumn"
    look(org, sandbox)
    look(org, sandbox)
    assert org.events == [event]
    # What does change is told, and counts where the opportunity has counted so far.
    sandbox.post("clock", advance=60)
    sandbox.post("opportunity", id=opportunity, Amount=12_000)
    changed = org.ask_for_one()
    assert (changed["amount"], changed["campaign"]) == ("12000", "spring")


def test_an_opportunity_that_another_contact_gets_counts_for_the_campaign_of_that_one(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    ada = contact_handed_over(sandbox, delivery, "ada")
    bob = contact_handed_over(sandbox, delivery, "bob", 5)
    opportunity = won_sale_of(sandbox, ada)
    org.ask()
    answers_of(delivery, lead_of("bob", 9, campaign=None, of="autumn"))
    sandbox.post("contact_role", opportunity=opportunity, contact=bob, primary=True)
    [event] = org.ask_until_leads()
    assert (event["contact"], event["campaign"]) == ("bob", "autumn")


def test_an_opportunity_that_is_seen_first_counts_for_what_its_contact_was_handed_over_for_last(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    ada = contact_handed_over(sandbox, delivery, "ada")
    won_sale_of(sandbox, ada)
    answers_of(delivery, lead_of("ada", 9, campaign=None, of="autumn"))
    assert [event["campaign"] for event in org.ask()] == ["autumn"]


def test_a_contact_that_is_merged_into_one_that_gets_its_key_keeps_the_campaign_of_its_role(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    ada = contact_handed_over(sandbox, delivery, "ada")
    won_sale_of(sandbox, ada)
    org.ask()
    older = sandbox.post("record", type="Contact", LastName="Lovelace")["Id"]
    fields = {"Leadstream_Id__c": "default/ada", "Leadstream_Campaign__c": "autumn"}
    sandbox.post("merge", type="Contact", master=older, losers=[ada], fields=fields)
    org.restart()
    org.ask()
    last = org.events[-1]
    assert (last["crm_record"], last["contact"], last["campaign"]) == (older, "ada", "spring")
