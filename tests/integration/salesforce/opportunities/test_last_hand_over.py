"""Of several Leads in one opportunity that of the last hand-over counts: an update of a record is no hand-over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.org.client import OrgClient
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of
from tests.harness.salesforce.releases import PolledOrg
from tests.harness.salesforce.sandbox import OrgApi, SandboxClient

STATUS = ("contact.status",)
MAPPING = mapping_of(updates=[{"on": "contact.status", "fields": {"Title": {"property": "status"}}}])


@pytest.fixture
def org(client: OrgClient) -> PolledOrg:
    polled = PolledOrg(client)
    polled.apply("default", {})
    return polled


@pytest.fixture
def delivery(sandbox: SandboxClient) -> Delivery:
    return delivery_to(sandbox, MAPPING)


def hand_over(delivery: Delivery, contact: str, offset: int, campaign: str) -> str:
    [answer] = answers_of(delivery, lead_of(contact, offset, campaign=None, of=campaign))
    return str(answer.record)


def update(delivery: Delivery, contact: str, offset: int) -> None:
    """The contact's status changed, and the mapping wants that on its record."""
    answers_of(delivery, lead_of(contact, offset, campaign=None, of="other", update=STATUS, status="away"))


def convert(sandbox: SandboxClient, *leads: str) -> str:
    """All into one opportunity, one after the other."""
    opportunity = sandbox.post("convert", lead=leads[0])["opportunity"]
    for each in leads[1:]:
        sandbox.post("convert", lead=each, opportunity_id=opportunity)
    return str(opportunity)


def queried(sandbox: SandboxClient) -> int:
    return len([each for each in sandbox.requests() if "/services/data/v" in each["path"]])


def written_on(sandbox: SandboxClient, contact: str) -> dict[str, Any]:
    [row] = [each for each in sandbox.live_records("Lead") if each["Leadstream_Id__c"] == f"default/{contact}"]
    return dict(json.loads(row["Leadstream_Written__c"]))


@pytest.mark.parametrize("is_ada_first", [True, False])
@pytest.mark.parametrize("is_seen_between", [True, False])
def test_an_update_after_the_last_hand_over_moves_no_opportunity(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery, is_ada_first: bool, is_seen_between: bool
) -> None:
    ada, bob = hand_over(delivery, "ada", 10, "spring"), hand_over(delivery, "bob", 20, "autumn")
    update(delivery, "ada", 30)
    first, second = (ada, bob) if is_ada_first else (bob, ada)
    opportunity = convert(sandbox, first)
    if is_seen_between:
        org.ask()
    sandbox.post("convert", lead=second, opportunity_id=opportunity)
    org.ask_until_leads()
    state = org.state_of_accounts["default"][opportunity]
    assert (state["contact"], state["campaign"], state["crm_record"]) == ("bob", "autumn", bob)
    told = len(org.events)
    org.restart()
    org.ask_until_leads()
    assert len(org.events) == told


def test_a_further_hand_over_after_an_update_is_the_last_one(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    ada, bob = hand_over(delivery, "ada", 10, "spring"), hand_over(delivery, "bob", 20, "autumn")
    update(delivery, "ada", 30)
    assert written_on(sandbox, "ada")["@handed_over"] == "0/10/0"
    update(delivery, "ada", 35)
    assert written_on(sandbox, "ada")["@handed_over"] == "0/10/0"
    hand_over(delivery, "ada", 40, "summer")
    assert "@handed_over" not in written_on(sandbox, "ada")
    convert(sandbox, bob, ada)
    assert [(event["contact"], event["campaign"]) for event in org.ask()] == [("ada", "summer")]


def test_a_hand_over_and_an_update_that_are_written_at_once_are_told_apart(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    bob = hand_over(delivery, "bob", 20, "autumn")
    both = [lead_of("ada", 10, campaign=None), lead_of("ada", 30, campaign=None, update=STATUS, status="away")]
    ada = answers_of(delivery, *both)[0].record
    assert written_on(sandbox, "ada")["@handed_over"] == "0/10/0"
    convert(sandbox, str(ada), bob)
    assert [event["contact"] for event in org.ask()] == ["bob"]


def test_across_partitions_the_instant_of_the_hand_over_decides_not_that_of_an_update(
    client: OrgClient, sandbox: SandboxClient, delivery: Delivery
) -> None:
    instants = {"0/10/0": 1_000, "7/20/0": 2_000, "0/30/0": 3_000}
    org = PolledOrg(client, handed_over_at=instants.get)
    org.apply("default", {})
    ada, bob = hand_over(delivery, "ada", 10, "spring"), hand_over(delivery, "bob", 20, "autumn")
    sandbox.post("edit", type="Lead", id=bob, Leadstream_Number__c="7/20/0")
    update(delivery, "ada", 30)
    convert(sandbox, ada, bob)
    assert [event["contact"] for event in org.ask()] == ["bob"]


def test_where_the_record_does_not_say_its_number_decides(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    ada, bob = hand_over(delivery, "ada", 10, "spring"), hand_over(delivery, "bob", 20, "autumn")
    update(delivery, "ada", 30)
    written = {name: each for name, each in written_on(sandbox, "ada").items() if name != "@handed_over"}
    sandbox.post("edit", type="Lead", id=ada, Leadstream_Written__c=json.dumps(written))
    convert(sandbox, ada, bob)
    assert [event["contact"] for event in org.ask()] == ["ada"]


@pytest.mark.parametrize("typed", ["anything", "[]", '{"@handed_over": "soon"}', None])
def test_what_somebody_typed_there_says_nothing(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery, typed: str | None
) -> None:
    ada, bob = hand_over(delivery, "ada", 10, "spring"), hand_over(delivery, "bob", 20, "autumn")
    sandbox.post("edit", type="Lead", id=bob, Leadstream_Written__c=typed)
    convert(sandbox, ada, bob)
    assert [event["contact"] for event in org.ask()] == ["bob"]


def test_a_number_that_was_written_without_it_says_more_than_an_older_entry(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    ada, bob = hand_over(delivery, "ada", 10, "spring"), hand_over(delivery, "bob", 20, "autumn")
    update(delivery, "ada", 15)
    sandbox.post("edit", type="Lead", id=ada, Leadstream_Number__c="0/40/0")
    convert(sandbox, ada, bob)
    assert [event["contact"] for event in org.ask()] == ["ada"]


def test_an_org_whose_leads_have_no_such_field_goes_by_the_number(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    sandbox.post("field", sobject="Lead", name="Leadstream_Written__c", remove=True)
    ada, bob = hand_over(delivery, "ada", 10, "spring"), hand_over(delivery, "bob", 20, "autumn")
    convert(sandbox, ada, bob)
    assert [event["contact"] for event in org.ask()] == ["bob"]


def test_only_where_several_leads_became_one_opportunity_two_more_requests_ask(
    org: PolledOrg, sandbox: SandboxClient, delivery: Delivery
) -> None:
    ada, bob = hand_over(delivery, "ada", 10, "spring"), hand_over(delivery, "bob", 20, "autumn")
    opportunity = convert(sandbox, ada)
    before = queried(sandbox)
    org.ask()
    alone = queried(sandbox) - before
    sandbox.post("convert", lead=bob, opportunity_id=opportunity)
    org.restart()
    before = queried(sandbox)
    org.ask()
    assert queried(sandbox) - before == org.poll.report.requests == alone + 2
    assert OrgApi(sandbox).row("Lead", bob)["ConvertedOpportunityId"] == opportunity
