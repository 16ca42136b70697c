"""Which opportunities are read and kept: those that are ours, and nothing is asked of the others for long."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.salesforce.external_id import external_id
from connectors.salesforce.opportunities import queries
from connectors.salesforce.opportunities.ledger_state import state_from_ledger
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.errors import TransientFailure
from streams.store.ledger_rows import LedgerRow
from tests.harness.salesforce.releases import PolledOrg, cursor_after
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient


@pytest.fixture
def org(client: OrgClient) -> PolledOrg:
    org = PolledOrg(client)
    org.apply("default", {"spring": SPRING})
    return org


def add_sale(sandbox: SandboxClient, **fields: Any) -> str:
    given = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "Amount": 1000}
    return str(sandbox.post("record", type="Opportunity", **{**given, **fields})["Id"])


def convert_lead(sandbox: SandboxClient, contact: str = "ada", **options: Any) -> str:
    key = {"Leadstream_Id__c": external_id("default", contact), "Leadstream_Number__c": "0/1/0"}
    lead = sandbox.post("record", type="Lead", LastName=contact, Company="Engines", **key)["Id"]
    return str(sandbox.post("convert", lead=lead, **options)["opportunity"])


def queried(sandbox: SandboxClient) -> list[str]:
    """The queries so far, without the pages after the first."""
    return [each["query"]["q"] for each in sandbox.requests("queryAll") if "q" in each["query"]]


def data_requests(sandbox: SandboxClient) -> int:
    return len([each for each in sandbox.requests() if urlsplit(each["path"]).path.startswith("/services/data/v")])


def test_opportunities_of_other_campaigns_and_people_are_neither_kept_nor_told(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    others = [add_sale(sandbox), add_sale(sandbox, CampaignId=AUTUMN)]
    ours = {add_sale(sandbox, CampaignId=SPRING), convert_lead(sandbox)}
    assert {event["opportunity"] for event in org.ask()} == ours
    for each in (*others, *ours):
        sandbox.post("win", opportunity=each)
    assert {event["opportunity"] for event in org.ask()} == ours
    assert set(org.cursor.states) == ours
    assert org.poll.report.kept_count == 2


def test_at_rest_a_poll_is_one_request(org: PolledOrg, sandbox: SandboxClient) -> None:
    convert_lead(sandbox)
    add_sale(sandbox)
    for _ in range(3):
        org.ask()
    before = data_requests(sandbox)
    for _ in range(100):
        assert org.ask() == []
    assert data_requests(sandbox) - before == 110  # every tenth poll asks for Leads, too


def test_an_unrelated_opportunity_makes_one_further_request_not_one_at_every_poll(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    org.ask()
    org.ask()
    opportunity = add_sale(sandbox)
    before = data_requests(sandbox)
    org.ask()
    assert data_requests(sandbox) - before == 2
    for step in range(5):
        sandbox.post("opportunity", id=opportunity, Amount=step)
        org.ask()
    assert data_requests(sandbox) - before == 7


def test_in_an_org_that_changes_much_only_ours_are_read(
    org: PolledOrg, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PROBE_ROWS", 20)
    on_campaign, of_lead = add_sale(sandbox, CampaignId=SPRING), convert_lead(sandbox)
    moved = add_sale(sandbox, CampaignId=SPRING)
    org.ask()
    sandbox.post("opportunity", id=moved, CampaignId=AUTUMN)
    org.ask()
    for _ in range(60):
        add_sale(sandbox)
    seen = add_sale(sandbox)
    assert org.ask() == []
    assert org.poll.report.rows < 20 + 10
    for each in (on_campaign, of_lead, moved):
        sandbox.post("win", opportunity=each)
    new = convert_lead(sandbox, "bob")
    convert_lead(sandbox, "cid", opportunity_id=seen)
    assert {event["opportunity"] for event in org.ask()} == {on_campaign, of_lead, moved, new, seen}
    assert org.poll.report.rows < 20
    assert org.poll.report.requests <= 6


def test_an_opportunity_that_leaves_its_campaign_is_noticed_in_an_org_that_changes_much(
    org: PolledOrg, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PROBE_ROWS", 5)
    opportunity = add_sale(sandbox, CampaignId=SPRING)
    org.ask()
    for _ in range(10):
        add_sale(sandbox)
    org.ask()
    sandbox.post("opportunity", id=opportunity, CampaignId=None)
    assert [event.get("crm_campaign") for event in org.ask()] == [None]


def test_when_the_org_calms_down_one_request_is_enough_again(
    org: PolledOrg, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PROBE_ROWS", 5)
    org.ask()
    for _ in range(10):
        add_sale(sandbox)
    org.ask()
    assert org.cursor.busy_polls > 0
    sandbox.post("clock", advance=3_600)
    for _ in range(25):
        org.ask()
    assert org.cursor.busy_polls == 0
    before = data_requests(sandbox)
    org.ask()
    assert data_requests(sandbox) - before == 1


def test_a_new_mapping_reads_the_past_of_its_campaign(org: PolledOrg, sandbox: SandboxClient) -> None:
    won = add_sale(sandbox, CampaignId=AUTUMN)
    sandbox.post("win", opportunity=won, amount=700)
    org.ask()
    sandbox.post("clock", advance=7_200)
    org.ask()
    before = len(queried(sandbox))
    org.apply("acme", {"fair": AUTUMN})
    event = org.ask_for_one()
    assert (event["account"], event["opportunity"], event["won"], event["amount"]) == ("acme", won, True, "700")
    assert len(queried(sandbox)) - before == 2
    assert org.ask() == []


def test_what_was_created_before_the_day_that_an_account_looks_back_to_is_left_out(
    client: OrgClient, sandbox: SandboxClient
) -> None:
    org = PolledOrg(client)
    sandbox.post("clock", at="2026-01-10T12:00:00+00:00")
    old, old_lead = add_sale(sandbox, CampaignId=SPRING), convert_lead(sandbox)
    sandbox.post("clock", at="2026-03-10T12:00:00+00:00")
    new, new_lead = add_sale(sandbox, CampaignId=SPRING), convert_lead(sandbox, "bob")
    org.apply("default", {"spring": SPRING}, opportunities={"since": "2026-02-01"})
    assert {event["opportunity"] for event in org.ask()} == {new, new_lead}
    sandbox.post("win", opportunity=old)
    assert [event["opportunity"] for event in org.ask()] == [old]  # a change of today is not the past
    org.apply("default", {"spring": SPRING}, opportunities={"since": "2026-01-01"})
    assert [event["opportunity"] for event in org.ask()] == [old_lead]


def test_accounts_look_back_to_days_of_their_own(client: OrgClient, sandbox: SandboxClient) -> None:
    org = PolledOrg(client)
    sandbox.post("clock", at="2026-01-10T12:00:00+00:00")
    left_out, wanted = add_sale(sandbox, CampaignId=SPRING), add_sale(sandbox, CampaignId=AUTUMN)
    org.apply("default", {"spring": SPRING}, opportunities={"since": "2026-02-01"})
    org.apply("acme", {"autumn": AUTUMN})
    assert {event["opportunity"] for event in org.ask()} == {wanted}
    assert left_out not in org.cursor.states


def test_rows_over_several_pages_come_once(org: PolledOrg, sandbox: SandboxClient, client: OrgClient) -> None:
    record = {"attributes": {"type": "Opportunity"}, "Name": "x", "StageName": "New", "CloseDate": "2026-01-01"}
    client.write_collection("POST", "composite/sobjects", [{**record, "CampaignId": SPRING}] * 50)
    sandbox.post("settings", page_size=8)
    events = org.ask()
    assert len({event["opportunity"] for event in events}) == len(events) == 50
    assert org.ask() == []


def test_deleted_for_good_is_deleted_as_the_log_of_the_org_says(org: PolledOrg, sandbox: SandboxClient) -> None:
    opportunity = add_sale(sandbox, CampaignId=SPRING)
    sandbox.post("win", opportunity=opportunity)
    org.ask()
    sandbox.post("delete", type="Opportunity", id=opportunity)
    sandbox.post("purge", type="Opportunity", id=opportunity)
    assert org.ask() == []
    sandbox.post("clock", advance=86_400)
    org.ask()  # learns what time it is
    event = org.ask_for_one()
    assert (event["opportunity"], event["deleted"], event["amount"]) == (opportunity, True, "1000")
    assert org.poll.report.unseen == frozenset()


def test_what_the_integration_user_may_not_see_any_more_is_not_taken_for_deleted(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    opportunity = add_sale(sandbox, CampaignId=SPRING)
    sandbox.post("win", opportunity=opportunity)
    org.ask()
    sandbox.post("restrict", id=opportunity, access="none")
    org.restart()
    assert org.ask() == []
    assert org.poll.report.unseen == {opportunity}
    sandbox.post("restrict", id=opportunity, access="edit")
    sandbox.post("lose", opportunity=opportunity)
    assert [(event["won"], event["closed"]) for event in org.ask()] == [(False, True)]


def ledger_row(opportunity: str, **more: Any) -> LedgerRow:
    given = {"modified": 1_700_000_000_000, "currency": "EUR", "amount": "1000", "crm_campaign": SPRING}
    return LedgerRow(**{"account": "default", "id": opportunity, "outcome": "open", **given, **more})


def test_what_the_topic_has_forgotten_is_known_from_the_ledger_and_is_not_new(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    same, other = add_sale(sandbox, CampaignId=SPRING), add_sale(sandbox, CampaignId=SPRING)
    gone_elsewhere = add_sale(sandbox, CampaignId=AUTUMN)
    rows = [ledger_row(same), ledger_row(other), ledger_row(gone_elsewhere)]
    sandbox.post("win", opportunity=other)
    org.cursor = cursor_after([], [state_from_ledger(row) for row in rows])
    events = {event["opportunity"]: event for event in org.ask()}
    assert set(events) == {other, gone_elsewhere}
    assert events[other]["won"]
    assert events[gone_elsewhere]["crm_campaign"] == AUTUMN
    assert org.ask() == []
    sandbox.post("win", opportunity=same)
    assert [event["opportunity"] for event in org.ask()] == [same]


def test_a_restart_reads_all_that_is_ours_and_tells_nothing_twice(org: PolledOrg, sandbox: SandboxClient) -> None:
    ours = [add_sale(sandbox, CampaignId=SPRING), convert_lead(sandbox)]
    assert len(org.ask()) == 2
    org.restart()
    sandbox.post("win", opportunity=ours[1])
    assert [(event["opportunity"], event["contact"]) for event in org.ask()] == [(ours[1], "ada")]


@pytest.mark.parametrize("passed", [0, 1, 2])
def test_a_poll_that_fails_at_any_query_is_repeated_from_where_it_was(
    org: PolledOrg, sandbox: SandboxClient, client: OrgClient, passed: int
) -> None:
    convert_lead(sandbox)
    add_sale(sandbox, CampaignId=SPRING)
    other = PolledOrg(client)
    other.releases = org.releases
    expected = {event["id"] for event in other.ask()}
    assert len(queried(sandbox)) == 3
    sandbox.add_fault("html_503", path="queryAll", skip=passed)
    with pytest.raises(TransientFailure):
        org.ask()
    assert {event["id"] for event in org.ask()} == expected


def test_a_restart_does_not_bring_the_past_that_an_account_does_not_want(
    client: OrgClient, sandbox: SandboxClient
) -> None:
    org = PolledOrg(client)
    org.apply("default", {"spring": SPRING}, opportunities={"since": "2026-02-01"})
    fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "CampaignId": SPRING}
    sandbox.post("clock", at="2026-01-15T12:00:00+00:00")
    past = sandbox.post("record", type="Opportunity", **fields, Amount=1)["Id"]
    sandbox.post("clock", at="2026-02-10T12:00:00+00:00")
    sandbox.post("record", type="Opportunity", **fields, Amount=2)
    sandbox.post("clock", at="2026-02-20T12:00:00+00:00")
    sandbox.post("opportunity", id=past, Amount=3)
    sandbox.post("clock", at="2026-03-01T12:00:00+00:00")
    assert [event["amount"] for event in org.ask()] == ["2"]
    assert org.ask() == []
    org.restart()
    assert org.ask() == []


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_crash_while_a_poll_is_written_forgets_no_change_of_the_past_that_an_account_does_not_want(
    client: OrgClient, sandbox: SandboxClient, written: int
) -> None:
    org = PolledOrg(client)
    org.apply("default", {"spring": SPRING}, opportunities={"since": "2026-02-01"})
    sandbox.post("clock", at="2026-01-15T12:00:00+00:00")
    past = add_sale(sandbox, CampaignId=SPRING, Amount=1)
    sandbox.post("clock", at="2026-02-10T12:00:00+00:00")
    news = [add_sale(sandbox, CampaignId=SPRING, Amount=amount) for amount in (2, 3)]
    assert {event["opportunity"] for event in org.ask()} == set(news)
    # Nobody polls for a while, in which the old one changes long before the new ones.
    sandbox.post("clock", at="2026-03-01T12:00:00+00:00")
    sandbox.post("win", opportunity=past, amount=10)
    sandbox.post("clock", at="2026-03-01T14:00:00+00:00")
    for each in news:
        sandbox.post("win", opportunity=each, amount=20)
    told = org.events[:]
    events = org.ask()
    assert {event["opportunity"] for event in events} == {past, *news}
    # The process dies: of the first two any are on the topic, the last one goes out only after both.
    *first, _last = events
    org.events = [*told, *sorted(first, key=lambda event: event["opportunity"] == past)[:written]]
    org.restart()
    org.ask()
    amounts = {event["opportunity"]: event["amount"] for event in org.events}
    assert amounts == {past: "10", **dict.fromkeys(news, "20")}


def test_a_first_poll_that_is_written_in_part_is_repeated_as_the_first(
    client: OrgClient, sandbox: SandboxClient
) -> None:
    org = PolledOrg(client)
    org.apply("default", {"spring": SPRING}, opportunities={"since": "2026-02-01"})
    sandbox.post("clock", at="2026-01-15T12:00:00+00:00")
    add_sale(sandbox, CampaignId=SPRING, Amount=1)
    sandbox.post("clock", at="2026-02-10T12:00:00+00:00")
    news = {add_sale(sandbox, CampaignId=SPRING, Amount=amount) for amount in (2, 3)}
    first, _last = org.ask()
    org.events = [first]
    org.restart()
    org.ask()
    assert {event["opportunity"] for event in org.events} == news
