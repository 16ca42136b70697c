"""Whose an opportunity is: by its campaign, else by the Lead it came from, else by a contact role; never split."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.salesforce.external_id import external_id
from connectors.salesforce.org.client import OrgClient
from schemas.events.opportunities import OpportunityChanged
from tests.harness.salesforce.releases import PolledOrg
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient

_SaleFactory = Callable[..., str]


@pytest.fixture
def org(client: OrgClient) -> PolledOrg:
    return PolledOrg(client)


@pytest.fixture
def sale(sandbox: SandboxClient) -> _SaleFactory:
    """Makes an opportunity that came from no Lead."""

    def make(**fields: Any) -> str:
        given = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "Amount": 1000}
        return str(sandbox.post("record", type="Opportunity", **{**given, **fields})["Id"])

    return make


@pytest.fixture
def lead(sandbox: SandboxClient) -> _SaleFactory:
    """Makes a Lead as a hand-over does."""
    numbers = itertools.count()

    def make(contact: str = "ada", account: str = "default", *, campaign: str = "spring", number: str = "") -> str:
        row = sandbox.post(
            "record",
            type="Lead",
            LastName=contact,
            Company="Engines",
            Leadstream_Id__c=external_id(account, contact),
            Leadstream_Campaign__c=campaign,
            Leadstream_Number__c=number or f"0/{next(numbers)}/0",
        )
        return str(row["Id"])

    return make


@pytest.fixture
def person(sandbox: SandboxClient) -> _SaleFactory:
    """Makes a Contact as a hand-over does."""

    def make(contact: str = "ada", account: str = "default", campaign: str = "spring") -> str:
        fields = {"Leadstream_Id__c": external_id(account, contact), "Leadstream_Campaign__c": campaign}
        return str(sandbox.post("record", type="Contact", LastName=contact, **fields)["Id"])

    return make


def test_a_new_opportunity_of_a_campaign_of_ours_has_its_contact_at_the_first_poll_that_sees_it(
    sandbox: SandboxClient, org: PolledOrg, lead: _SaleFactory
) -> None:
    org.apply("default", {"spring": SPRING})
    org.ask()
    record = lead("ada")
    sandbox.post("record", type="CampaignMember", CampaignId=SPRING, LeadId=record, Status="Responded")
    sandbox.post("convert", lead=record, amount=1000)
    event = org.ask_for_one()
    assert (event["crm_campaign"], event["contact"], event["campaign"]) == (SPRING, "ada", "spring")


def test_a_won_opportunity_on_an_accounts_campaign_is_the_accounts_though_no_lead_became_it(
    org: PolledOrg, sandbox: SandboxClient, sale: _SaleFactory
) -> None:
    org.apply("acme", {"x": SPRING})
    org.apply("default", {"y": AUTUMN})
    won = sale(CampaignId=SPRING)
    sandbox.post("win", opportunity=won, amount=2500)
    event = org.ask_for_one()
    assert (event["account"], event["origin"], event["won"], event["amount"]) == ("acme", "campaign", True, "2500")
    assert "contact" not in event
    OpportunityChanged.model_validate_json(json.dumps(event))


@pytest.mark.parametrize("defined", [SPRING, SPRING[:15]])
def test_a_campaign_may_be_defined_by_15_or_18_characters(org: PolledOrg, sale: _SaleFactory, defined: str) -> None:
    org.apply("acme", {"x": defined})
    sale(CampaignId=SPRING)
    assert [event["account"] for event in org.ask()] == ["acme"]
    sale(CampaignId=SPRING)
    assert [event["account"] for event in org.ask()] == ["acme"]


def test_the_campaigns_account_counts_it_and_does_not_learn_the_contact_of_another(
    org: PolledOrg, sandbox: SandboxClient, lead: _SaleFactory
) -> None:
    org.apply("acme", {"x": SPRING})
    org.apply("default", {})
    opportunity = sandbox.post("convert", lead=lead())["opportunity"]
    assert [event["account"] for event in org.ask()] == ["default"]
    sandbox.post("opportunity", id=opportunity, CampaignId=SPRING)
    released, owned = org.ask()
    assert (released["account"], released["released"]) == ("default", True)
    assert (owned["account"], owned.get("released"), owned.get("contact")) == ("acme", None, None)
    assert released["version"] <= owned["version"]
    OpportunityChanged.model_validate_json(json.dumps(released))
    sandbox.post("opportunity", id=opportunity, CampaignId=None)
    assert [(event["account"], event.get("contact")) for event in org.ask()] == [("acme", None), ("default", "ada")]


def test_a_lead_converted_into_an_opportunity_that_was_seen_before_owns_it_from_then_on(
    org: PolledOrg, sandbox: SandboxClient, sale: _SaleFactory, lead: _SaleFactory
) -> None:
    org.apply("default", {})
    opportunity = sale()
    assert org.ask() == []
    assert org.ask() == []
    sandbox.post("clock", advance=3_600)
    sandbox.post("convert", lead=lead(), opportunity_id=opportunity)
    told = [(event["opportunity"], event["contact"], event["origin"]) for event in org.ask_until_leads()]
    assert told == [(opportunity, "ada", "lead")]


def test_a_lead_converted_into_an_opportunity_of_a_campaign_gives_it_its_contact(
    org: PolledOrg, sandbox: SandboxClient, sale: _SaleFactory, lead: _SaleFactory
) -> None:
    org.apply("default", {"spring": SPRING})
    opportunity = sale(CampaignId=SPRING)
    org.ask()
    sandbox.post("convert", lead=lead(), opportunity_id=opportunity)
    [event] = org.ask_until_leads()
    assert (event["contact"], event["campaign"], event["origin"]) == ("ada", "spring", "campaign")


def test_a_lead_that_was_converted_without_being_seen_at_once_is_not_missed(
    org: PolledOrg, sandbox: SandboxClient, lead: _SaleFactory
) -> None:
    org.apply("default", {})
    converted = lead()
    sandbox.post("convert", lead=converted)
    sandbox.post("hide", id=converted, seconds=60, stamped_ago=120)
    assert org.ask() == []
    sandbox.post("clock", advance=61)
    assert [event["contact"] for event in org.ask_until_leads()] == ["ada"]


@pytest.mark.parametrize("first", ["ada", "bob"])
def test_of_several_leads_the_one_with_the_last_hand_over_counts(
    org: PolledOrg, sandbox: SandboxClient, lead: _SaleFactory, first: str
) -> None:
    org.apply("default", {})
    leads = {"ada": lead("ada", number="0/10/0"), "bob": lead("bob", number="0/9/0")}
    opportunity = sandbox.post("convert", lead=leads.pop(first))["opportunity"]
    event = org.ask_for_one()
    assert event["contact"] == first
    sandbox.post("convert", lead=leads.popitem()[1], opportunity_id=opportunity)
    org.ask_until_leads()
    assert org.state_of_accounts["default"][opportunity]["contact"] == "ada"
    org.restart()
    org.ask()
    assert org.state_of_accounts["default"][opportunity]["contact"] == "ada"


def test_several_leads_of_two_accounts_never_split_an_opportunity(
    org: PolledOrg, sandbox: SandboxClient, lead: _SaleFactory
) -> None:
    org.apply("default", {})
    org.apply("acme", {})
    opportunity = sandbox.post("convert", lead=lead("ada", number="0/9/0"))["opportunity"]
    org.ask()
    sandbox.post("convert", lead=lead("bob", "acme", number="0/10/0"), opportunity_id=opportunity)
    events = org.ask_until_leads()
    assert [(event["account"], event.get("released", False)) for event in events] == [
        ("default", True),
        ("acme", False),
    ]
    assert {account: list(ledger) for account, ledger in org.state_of_accounts.items()} == {"acme": [opportunity]}


def test_across_partitions_the_instants_of_the_hand_overs_decide(
    client: OrgClient, sandbox: SandboxClient, lead: _SaleFactory
) -> None:
    org = PolledOrg(client, handed_over_at={"7/5/0": 2_000, "0/900/0": 1_000}.get)
    org.apply("default", {})
    opportunity = sandbox.post("convert", lead=lead("ada", number="0/900/0"))["opportunity"]
    sandbox.post("convert", lead=lead("bob", number="7/5/0"), opportunity_id=opportunity)
    assert [event["contact"] for event in org.ask()] == ["bob"]


def test_a_contact_role_counts_only_where_the_account_says_so(
    org: PolledOrg, sandbox: SandboxClient, sale: _SaleFactory, person: _SaleFactory
) -> None:
    org.apply("default", {})
    opportunity = sale()
    sandbox.post("contact_role", opportunity=opportunity, contact=person())
    assert org.ask_until_leads() == []
    org.apply("default", {}, attribution="contact_roles")
    event = org.ask_for_one()
    assert (event["contact"], event["campaign"], event["origin"]) == ("ada", "spring", "contact_role")


def test_the_primary_role_counts_else_the_oldest_and_a_change_is_followed(
    org: PolledOrg, sandbox: SandboxClient, sale: _SaleFactory, person: _SaleFactory
) -> None:
    org.apply("default", {}, attribution="contact_roles")
    opportunity = sale()
    sandbox.post("contact_role", opportunity=opportunity, contact=person("ada"))
    sandbox.post("clock", advance=60)
    newer = sandbox.post("contact_role", opportunity=opportunity, contact=person("bob"))["Id"]
    assert [event["contact"] for event in org.ask()] == ["ada"]
    sandbox.post("edit", type="OpportunityContactRole", id=newer, IsPrimary=True)
    assert [event["contact"] for event in org.ask_until_leads()] == ["bob"]
    sandbox.post("delete", type="OpportunityContactRole", id=newer)
    assert [event["contact"] for event in org.ask_until_leads()] == ["ada"]


def test_a_lead_comes_before_a_contact_role(
    org: PolledOrg, sandbox: SandboxClient, lead: _SaleFactory, person: _SaleFactory
) -> None:
    org.apply("default", {}, attribution="contact_roles")
    opportunity = sandbox.post("convert", lead=lead("ada"))["opportunity"]
    sandbox.post("contact_role", opportunity=opportunity, contact=person("bob"), primary=True)
    assert [(event["contact"], event["origin"]) for event in org.ask()] == [("ada", "lead")]


def test_a_role_that_ends_leaves_the_opportunity_with_its_account_and_no_contact(
    org: PolledOrg, sandbox: SandboxClient, sale: _SaleFactory, person: _SaleFactory
) -> None:
    org.apply("default", {}, attribution="contact_roles")
    opportunity = sale()
    role = sandbox.post("contact_role", opportunity=opportunity, contact=person())["Id"]
    org.ask()
    sandbox.post("delete", type="OpportunityContactRole", id=role)
    [event] = org.ask_until_leads()
    assert (event["account"], event.get("contact"), event.get("origin")) == ("default", None, None)


def test_an_opportunity_that_leaves_its_campaign_is_told_to_the_account_that_counted_it(
    org: PolledOrg, sandbox: SandboxClient, sale: _SaleFactory
) -> None:
    org.apply("acme", {"x": SPRING})
    opportunity = sale(CampaignId=SPRING)
    org.ask()
    sandbox.post("opportunity", id=opportunity, CampaignId=AUTUMN)
    event = org.ask_for_one()
    assert (event["account"], event["crm_campaign"], event.get("origin")) == ("acme", AUTUMN, None)
    sandbox.post("win", opportunity=opportunity)
    assert [event["won"] for event in org.ask()] == [True]


def test_a_campaign_that_moves_to_another_account_takes_its_opportunities_along(
    org: PolledOrg, sale: _SaleFactory
) -> None:
    org.apply("acme", {"x": SPRING})
    opportunity = sale(CampaignId=SPRING)
    org.ask()
    org.apply("acme", {})
    assert org.ask() == []
    org.apply("beta", {"y": SPRING})
    events = org.ask()
    assert [(event["account"], event.get("released", False)) for event in events] == [("acme", True), ("beta", False)]
    assert {account: list(ledger) for account, ledger in org.state_of_accounts.items()} == {"beta": [opportunity]}


def test_a_crash_between_release_and_new_owner_is_made_good(
    org: PolledOrg, sandbox: SandboxClient, sale: _SaleFactory
) -> None:
    org.apply("acme", {"x": SPRING})
    org.apply("beta", {"y": AUTUMN})
    opportunity = sale(CampaignId=SPRING)
    org.ask()
    sandbox.post("opportunity", id=opportunity, CampaignId=AUTUMN)
    org.ask()
    assert org.events.pop()["account"] == "beta"  # this one was not written any more
    org.restart()
    sandbox.post("opportunity", id=opportunity, CampaignId=SPRING)  # and back, before the next poll
    org.ask()
    assert {account: list(ledger) for account, ledger in org.state_of_accounts.items()} == {"acme": [opportunity]}


def test_an_account_with_an_org_of_its_own_has_no_part_in_this_one(
    client: OrgClient, sandbox: SandboxClient, lead: _SaleFactory
) -> None:
    org = PolledOrg(client, org_name="emea", is_of_org=lambda account: account == "acme")
    org.apply("acme", {})
    sandbox.post("convert", lead=lead("ada", "default"))
    sandbox.post("convert", lead=lead("bob", "acme"))
    assert [(event["account"], event["crm"]) for event in org.ask()] == [("acme", "salesforce:emea")]
