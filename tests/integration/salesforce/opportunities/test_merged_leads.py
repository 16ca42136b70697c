"""A Lead of ours that a person merged into another one: the opportunity that the survivor becomes is ours."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.opportunities import queries
from connectors.salesforce.org.client import OrgClient
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of
from tests.harness.salesforce.releases import PolledOrg
from tests.harness.salesforce.sandbox import SandboxClient


@pytest.fixture
def org(client: OrgClient) -> PolledOrg:
    polled = PolledOrg(client)
    polled.apply("default", {})
    return polled


@pytest.fixture
def delivery(sandbox: SandboxClient) -> Delivery:
    return delivery_to(sandbox, mapping_of())


def hand_over(delivery: Delivery, contact: str, offset: int = 1, campaign: str = "spring") -> str:
    [answer] = answers_of(delivery, lead_of(contact, offset, campaign=None, of=campaign))
    return str(answer.record)


def typed_lead(sandbox: SandboxClient, **fields: Any) -> str:
    """A Lead that a person made: it has no key of ours."""
    return str(sandbox.post("record", type="Lead", LastName="Lovelace", Company="Engines", **fields)["Id"])


def merge(sandbox: SandboxClient, master: str, *losers: str) -> str:
    sandbox.post("merge", type="Lead", master=master, losers=list(losers))
    return master


def add_sale(sandbox: SandboxClient) -> str:
    fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "Amount": 1000}
    return str(sandbox.post("record", type="Opportunity", **fields)["Id"])


def pass_an_hour(org: PolledOrg, sandbox: SandboxClient) -> None:
    sandbox.post("clock", advance=3_600)
    org.ask_until_leads()


@pytest.mark.parametrize("seen", ["the Lead", "the merge", "nothing"])
@pytest.mark.parametrize("is_new", [True, False])
def test_an_opportunity_of_the_survivor_is_of_the_contact_whose_lead_was_merged(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery, seen: str, is_new: bool
) -> None:
    existing = {} if is_new else {"opportunity_id": add_sale(sandbox)}
    lost, survivor = hand_over(delivery, "ada"), typed_lead(sandbox)
    if seen == "the Lead":
        pass_an_hour(org, sandbox)
    merge(sandbox, survivor, lost)
    if seen == "the merge":
        pass_an_hour(org, sandbox)
    opportunity = sandbox.post("convert", lead=survivor, **existing)["opportunity"]
    events = org.ask_until_leads()
    told = [(event["opportunity"], event.get("contact"), event.get("campaign")) for event in events]
    assert told == [(opportunity, "ada", "spring")]
    assert [(event["origin"], event["crm_record"]) for event in events] == [("lead", survivor)]
    sandbox.post("win", opportunity=opportunity, amount=7)
    won = org.ask_for_one()
    assert (won["won"], won["amount"], won["contact"]) == (True, "7", "ada")
    for lose in ("keep", "purge"):
        if lose == "purge":
            sandbox.post("purge", type="Lead", id=lost)
        org.restart()
        assert org.ask_until_leads() == []


def test_merges_are_followed_one_after_the_other(org: PolledOrg, sandbox: SandboxClient, delivery: Delivery) -> None:
    last = merge(sandbox, typed_lead(sandbox), merge(sandbox, typed_lead(sandbox), hand_over(delivery, "ada")))
    org.ask()
    sandbox.post("convert", lead=merge(sandbox, typed_lead(sandbox), last))
    assert [event["contact"] for event in org.ask()] == ["ada"]


def test_of_several_leads_that_were_merged_into_one_the_last_hand_over_counts(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    leads = [hand_over(delivery, "ada", 9), hand_over(delivery, "bob", 20, "autumn"), hand_over(delivery, "cid", 5)]
    survivor = merge(sandbox, typed_lead(sandbox), *leads)
    opportunity = sandbox.post("convert", lead=survivor)["opportunity"]
    assert [(event["contact"], event["campaign"]) for event in org.ask()] == [("bob", "autumn")]
    later = hand_over(delivery, "dan", 30, "summer")
    sandbox.post("convert", lead=later, opportunity_id=opportunity)
    assert [event["contact"] for event in org.ask_until_leads()] == ["dan"]


def test_a_survivor_with_the_key_of_another_contact_is_that_contacts(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    bob, ada = hand_over(delivery, "bob", 1, "autumn"), hand_over(delivery, "ada", 9)
    sandbox.post("convert", lead=merge(sandbox, bob, ada))
    assert [(event["contact"], event["campaign"]) for event in org.ask()] == [("bob", "autumn")]


def test_a_survivor_that_a_later_hand_over_gave_our_key_is_found_by_that(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    survivor = merge(sandbox, typed_lead(sandbox), hand_over(delivery, "ada"))
    org.ask()
    hand_over(delivery, "ada", 9, "autumn")
    sandbox.post("convert", lead=survivor)
    assert [(event["contact"], event["campaign"]) for event in org.ask()] == [("ada", "autumn")]
    assert org.cursor.merged == {}


def test_a_survivor_that_is_deleted_or_converted_without_an_opportunity_makes_none_ours(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    deleted = merge(sandbox, typed_lead(sandbox), hand_over(delivery, "ada"))
    sandbox.post("delete", type="Lead", id=deleted)
    converted = merge(sandbox, typed_lead(sandbox), hand_over(delivery, "bob", 2))
    sandbox.post("convert", lead=converted, opportunity=False)
    add_sale(sandbox)
    assert org.ask_until_leads() == []
    assert org.cursor.merged == {}


def test_in_an_org_that_changes_much_the_opportunity_of_a_survivor_is_not_missed(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PROBE_ROWS", 5)
    survivor = merge(sandbox, typed_lead(sandbox), hand_over(delivery, "ada"))
    opportunity = sandbox.post("convert", lead=survivor)["opportunity"]
    org.ask()
    for _ in range(10):
        add_sale(sandbox)
    org.ask()
    assert org.cursor.busy_polls > 0
    sandbox.post("win", opportunity=opportunity)
    assert [event["won"] for event in org.ask()] == [True]


def test_the_past_that_an_account_does_not_want_is_left_out_of_survivors_too(
    client: OrgClient, sandbox: SandboxClient, delivery: Delivery
) -> None:
    sandbox.post("clock", at="2026-01-10T12:00:00+00:00")
    old = merge(sandbox, typed_lead(sandbox), hand_over(delivery, "ada"))
    sandbox.post("convert", lead=old)
    sandbox.post("clock", at="2026-03-10T12:00:00+00:00")
    new = merge(sandbox, typed_lead(sandbox), hand_over(delivery, "bob", 2))
    sandbox.post("convert", lead=new)
    org = PolledOrg(client)
    org.apply("default", {}, opportunities={"since": "2026-02-01"})
    assert [event["contact"] for event in org.ask()] == ["bob"]


def test_only_merges_cost_requests(org: PolledOrg, sandbox: SandboxClient, delivery: Delivery) -> None:
    lost = hand_over(delivery, "ada")
    org.ask()
    assert org.poll.report.requests == 3  # the fields of Opportunity, Leads, their opportunities
    survivor = merge(sandbox, typed_lead(sandbox), lost)
    org.restart()
    org.ask()
    assert org.poll.report.requests == 4
    taken = []
    for _ in range(20):
        org.ask()
        taken.append(org.poll.report.requests)
    assert sorted(taken) == [*[1] * 18, 3, 3]  # every tenth poll asks for Leads, and what became of the survivor
    sandbox.post("convert", lead=survivor)
    org.restart()
    assert len(org.ask()) == 1
    assert org.poll.report.requests == 5  # the opportunity by its id, too
