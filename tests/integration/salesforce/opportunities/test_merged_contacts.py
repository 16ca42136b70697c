"""A Contact of ours that a person merged into one without our key: revenue by its contact roles stays."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce.opportunities import queries
from connectors.salesforce.opportunities.ledger_state import state_from_ledger
from connectors.salesforce.org.client import OrgClient
from streams.store.ledger_rows import LedgerRow
from tests.harness.salesforce.releases import PolledOrg, cursor_after
from tests.harness.salesforce.sandbox import SandboxClient


@pytest.fixture
def org(client: OrgClient) -> PolledOrg:
    polled = PolledOrg(client)
    polled.apply("default", {}, attribution="contact_roles")
    return polled


def contact_of(sandbox: SandboxClient, contact: str | None, campaign: str = "spring", number: int = 1) -> str:
    """A Contact of ours, with what its last hand-over wrote; without a contact, one that a person made."""
    fields = {}
    if contact is not None:
        fields = {
            "Leadstream_Id__c": f"default/{contact}",
            "Leadstream_Campaign__c": campaign,
            "Leadstream_Number__c": f"0/{number}/0",
        }
    return str(sandbox.post("record", type="Contact", LastName="Lovelace", **fields)["Id"])


def add_sale(sandbox: SandboxClient) -> str:
    fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "Amount": 1000}
    return str(sandbox.post("record", type="Opportunity", **fields)["Id"])


def won_sale_of(sandbox: SandboxClient, *contacts: str) -> str:
    """A won opportunity without a campaign, in which Contacts have roles, the first one the primary role."""
    opportunity = add_sale(sandbox)
    for each in contacts:
        sandbox.post("contact_role", opportunity=opportunity, contact=each, primary=each == contacts[0])
    sandbox.post("win", opportunity=opportunity)
    return opportunity


def merge(sandbox: SandboxClient, master: str, *losers: str) -> str:
    sandbox.post("merge", type="Contact", master=master, losers=list(losers))
    return master


def pass_a_day(org: PolledOrg, sandbox: SandboxClient) -> None:
    """Time for a look at everything."""
    sandbox.post("clock", advance=86_400)
    org.ask()
    org.ask()


def told(org: PolledOrg) -> tuple[Any, ...]:
    """What the account knows of its only opportunity."""
    [event] = org.state_of_accounts["default"].values()
    names = ("won", "deleted", "origin", "contact", "campaign", "crm_record")
    return tuple(event.get(name) for name in names)


def ledger_row_of(event: dict[str, Any]) -> LedgerRow:
    kept = {name: event[name] for name in ("account", "amount", "currency", "contact", "campaign")}
    return LedgerRow(id=event["opportunity"], outcome="won", modified=1_700_000_000_000, version=1, **kept)


@pytest.mark.parametrize("look", ["after a day", "after a restart", "by the ledger"])
def test_revenue_by_a_role_stays_when_its_contact_is_merged(
    org: PolledOrg, sandbox: SandboxClient, look: str
) -> None:
    ada, survivor = contact_of(sandbox, "ada"), contact_of(sandbox, None)
    opportunity = won_sale_of(sandbox, ada)
    assert org.ask_for_one()["won"]
    merge(sandbox, survivor, ada)
    # Salesforce takes the mark of the primary role from a Contact that is merged into another one.
    [role] = sandbox.live_records("OpportunityContactRole")
    sandbox.post("edit", type="OpportunityContactRole", id=role["Id"], IsPrimary=False)
    for lost in ("in the recycle bin", "purged"):
        if lost == "purged":
            sandbox.post("purge", type="Contact", id=ada)
        for _ in range(2):
            if look == "after a day":
                pass_a_day(org, sandbox)
            elif look == "by the ledger":
                org.cursor = cursor_after([], [state_from_ledger(ledger_row_of(org.events[-1]))])
                org.ask()
            else:
                org.restart()
                org.ask_until_leads()
            assert told(org)[:5] == (True, False, "contact_role", "ada", "spring")
    assert len(org.events) <= 2  # the second one names the survivor
    sandbox.post("clock", advance=60)
    sandbox.post("opportunity", id=opportunity, Amount=7)
    assert (org.ask_for_one()["amount"], told(org)[3]) == ("7", "ada")


def test_merged_contacts_are_followed_one_after_the_other(org: PolledOrg, sandbox: SandboxClient) -> None:
    last = contact_of(sandbox, "ada")
    won_sale_of(sandbox, last)
    org.ask()
    for _ in range(3):
        last = merge(sandbox, contact_of(sandbox, None), last)
    org.restart()
    org.ask()
    assert told(org) == (True, False, "contact_role", "ada", "spring", last)


@pytest.mark.parametrize("is_restarted", [True, False])
def test_a_survivor_that_is_merged_when_the_recycle_bin_has_forgotten_the_first_merge(
    org: PolledOrg, sandbox: SandboxClient, is_restarted: bool
) -> None:
    ada, bob = contact_of(sandbox, "ada"), contact_of(sandbox, "bob", "autumn")
    won_sale_of(sandbox, ada, bob)
    org.ask()
    first = merge(sandbox, contact_of(sandbox, None), ada)
    pass_a_day(org, sandbox)
    sandbox.post("purge", type="Contact", id=ada)
    last = merge(sandbox, contact_of(sandbox, None), first)
    if is_restarted:
        org.restart()
    else:
        [role] = [each for each in sandbox.live_records("OpportunityContactRole") if each["ContactId"] == bob]
        sandbox.post("edit", type="OpportunityContactRole", id=role["Id"], Role="Decision Maker")
    org.ask_until_leads()
    assert told(org) == (True, False, "contact_role", "ada", "spring", last)


def test_what_a_survivor_gets_while_the_recycle_bin_tells_of_the_merge_is_ours(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    ada = contact_of(sandbox, "ada")
    won_sale_of(sandbox, ada)
    survivor = merge(sandbox, contact_of(sandbox, None), merge(sandbox, contact_of(sandbox, None), ada))
    org.ask()
    for seen_by in (pass_a_day, lambda org, _: org.ask_until_leads()):
        new = won_sale_of(sandbox, survivor)
        seen_by(org, sandbox)
        assert org.state_of_accounts["default"][new]["contact"] == "ada"


def test_what_a_survivor_gets_when_the_recycle_bin_has_forgotten_the_merge_is_not_ours(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    ada = contact_of(sandbox, "ada")
    won_sale_of(sandbox, ada)
    survivor = merge(sandbox, contact_of(sandbox, None), ada)
    org.ask()
    sandbox.post("purge", type="Contact", id=ada)
    won_sale_of(sandbox, survivor)
    for _ in range(2):
        org.restart()
        org.ask_until_leads()
        pass_a_day(org, sandbox)
    assert told(org) == (True, False, "contact_role", "ada", "spring", survivor)


@pytest.mark.parametrize("is_before", [True, False])
def test_a_role_that_is_first_seen_after_the_merge_is_of_the_contact_that_was_merged(
    org: PolledOrg, sandbox: SandboxClient, is_before: bool
) -> None:
    ada, survivor = contact_of(sandbox, "ada"), contact_of(sandbox, None)
    if is_before:
        won_sale_of(sandbox, ada)
    merge(sandbox, survivor, ada)
    if not is_before:
        org.ask()
        won_sale_of(sandbox, survivor)
    org.ask_until_leads()
    assert told(org) == (True, False, "contact_role", "ada", "spring", survivor)


def test_a_role_that_ends_takes_its_revenue_with_it_also_where_its_contact_was_merged(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    ada = contact_of(sandbox, "ada")
    won_sale_of(sandbox, ada)
    merge(sandbox, contact_of(sandbox, None), ada)
    org.ask()
    sandbox.post("clock", advance=3_600)
    org.ask()
    [role] = sandbox.live_records("OpportunityContactRole")
    sandbox.post("delete", type="OpportunityContactRole", id=role["Id"])
    [event] = org.ask_until_leads()
    assert "origin" not in event


def test_a_survivor_with_the_key_of_another_contact_has_its_roles(org: PolledOrg, sandbox: SandboxClient) -> None:
    ada, bob = contact_of(sandbox, "ada"), contact_of(sandbox, "bob", "autumn")
    won_sale_of(sandbox, ada)
    merge(sandbox, bob, ada)
    org.ask()
    assert told(org)[3:] == ("bob", "autumn", bob)


def test_a_survivor_that_a_later_hand_over_gives_our_key_keeps_the_campaign(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    ada, survivor = contact_of(sandbox, "ada"), contact_of(sandbox, None)
    won_sale_of(sandbox, ada)
    merge(sandbox, survivor, ada)
    event = org.ask_for_one()
    fields = {"Leadstream_Id__c": "default/ada", "Leadstream_Campaign__c": "autumn"}
    sandbox.post("edit", type="Contact", id=survivor, **fields)
    org.restart()
    org.ask()
    assert org.events == [event]


def test_of_several_contacts_that_were_merged_an_opportunity_keeps_the_one_it_had(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    ada, bob = contact_of(sandbox, "ada"), contact_of(sandbox, "bob", "autumn", number=9)
    of_ada, of_bob = won_sale_of(sandbox, ada), won_sale_of(sandbox, bob)
    org.ask()
    survivor = merge(sandbox, contact_of(sandbox, None), ada, bob)
    new = won_sale_of(sandbox, survivor)
    org.restart()
    org.ask()
    events = org.state_of_accounts["default"]
    assert [events[each]["contact"] for each in (of_ada, of_bob)] == ["ada", "bob"]
    assert events[new]["campaign"] == "autumn"  # of the last hand-over


def test_another_role_that_changes_does_not_take_an_opportunity_from_a_survivor(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    ada, bob = contact_of(sandbox, "ada"), contact_of(sandbox, "bob", "autumn")
    won_sale_of(sandbox, ada, bob)
    org.ask()
    sandbox.post("clock", advance=3_600)
    org.ask_until_leads()
    survivor = merge(sandbox, contact_of(sandbox, None), ada)
    [role] = [each for each in sandbox.live_records("OpportunityContactRole") if each["ContactId"] == bob]
    sandbox.post("edit", type="OpportunityContactRole", id=role["Id"], Role="Decision Maker")
    org.ask_until_leads()
    assert told(org)[3:] == ("ada", "spring", survivor)


@pytest.mark.parametrize("look", ["after a day", "after a restart", "after an edit of another role"])
def test_revenue_by_a_role_stays_when_somebody_removes_the_key_of_its_contact(
    org: PolledOrg, sandbox: SandboxClient, look: str
) -> None:
    ada, bob = contact_of(sandbox, "ada"), contact_of(sandbox, "bob", "autumn")
    won_sale_of(sandbox, ada, bob)
    event = org.ask_for_one()
    sandbox.post("edit", type="Contact", id=ada, Leadstream_Id__c=None)
    if look == "after a day":
        pass_a_day(org, sandbox)
    elif look == "after a restart":
        org.restart()
    else:
        sandbox.post("clock", advance=3_600)
        org.ask_until_leads()
        [role] = [each for each in sandbox.live_records("OpportunityContactRole") if each["ContactId"] == bob]
        sandbox.post("edit", type="OpportunityContactRole", id=role["Id"], Role="Decision Maker")
    org.ask_until_leads()
    assert org.events == [event]


@pytest.mark.parametrize("is_known", [True, False])
def test_in_an_org_that_changes_much_the_revenue_of_a_survivor_is_not_missed(
    org: PolledOrg, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    monkeypatch.setattr(queries, "PROBE_ROWS", 5)
    ada = contact_of(sandbox, "ada")
    opportunity = won_sale_of(sandbox, ada)
    org.ask()
    merge(sandbox, contact_of(sandbox, None), ada)
    if is_known:
        org.restart()
        org.ask()
    for _ in range(10):
        add_sale(sandbox)
    sandbox.post("opportunity", id=opportunity, Amount=7)
    org.ask()
    assert org.cursor.busy_polls > 0
    assert (org.events[-1]["amount"], told(org)[3]) == ("7", "ada")


def test_the_past_that_an_account_does_not_want_is_left_out_of_merged_contacts_too(
    client: OrgClient, sandbox: SandboxClient
) -> None:
    sandbox.post("clock", at="2026-01-10T12:00:00+00:00")
    survivor = merge(sandbox, contact_of(sandbox, None), contact_of(sandbox, "ada"))
    won_sale_of(sandbox, survivor)
    sandbox.post("clock", at="2026-03-10T12:00:00+00:00")
    new = won_sale_of(sandbox, survivor)
    org = PolledOrg(client)
    org.apply("default", {}, attribution="contact_roles", opportunities={"since": "2026-02-01"})
    assert [event["opportunity"] for event in org.ask()] == [new]


def test_only_a_look_at_everything_asks_for_merged_contacts(org: PolledOrg, sandbox: SandboxClient) -> None:
    ada = contact_of(sandbox, "ada")
    won_sale_of(sandbox, ada)
    taken = [requests_of_a_poll(org)]
    # The fields of Opportunity, Leads, their opportunities, merged Contacts, opportunities by roles, the roles.
    assert taken == [6]
    sandbox.post("clock", advance=3_600)
    org.ask_until_leads()
    assert sorted(requests_of_a_poll(org) for _ in range(20)) == [*[1] * 18, 3, 3]  # Leads, and roles that changed
    merge(sandbox, contact_of(sandbox, None), ada)
    org.restart()
    # The survivors' own merges, and their roles; the opportunity by its id.
    assert requests_of_a_poll(org) == 9
    sandbox.post("clock", advance=3_600)
    org.ask_until_leads()
    assert sorted(requests_of_a_poll(org) for _ in range(20)) == [*[1] * 18, 3, 3]


def requests_of_a_poll(org: PolledOrg) -> int:
    org.ask()
    return org.poll.report.requests
