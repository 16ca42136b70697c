"""Opportunities come back: every change once, whatever Salesforce shows when."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from connectors.salesforce.client import OrgClient
from connectors.salesforce.delivery import Delivery
from connectors.salesforce.errors import TransientFailure
from connectors.salesforce.handover_records import LeadHandOver
from connectors.salesforce.opportunities import Cursor, OpportunityEvent, OpportunityPoll
from schemas.events.opportunities import OpportunityChanged
from tests.harness.salesforce.sandbox import SPRING, SandboxClient

_HandOverFactory = Callable[..., LeadHandOver]


@pytest.fixture
def poll(client: OrgClient) -> OpportunityPoll:
    return OpportunityPoll(client, currency="EUR")


@pytest.fixture
def opportunity(sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory) -> str:
    [answer] = delivery.deliver([hand_over()])
    return str(sandbox.post("convert", lead=answer.record, amount=1000.5)["opportunity"])


def test_an_opportunity_comes_with_its_campaign_and_the_contact_it_came_from(
    poll: OpportunityPoll, opportunity: str
) -> None:
    [event], _ = poll(Cursor.empty())
    assert event["opportunity"] == opportunity
    assert (event["account"], event["contact"], event["campaign"]) == ("default", "ada", "spring-trial")
    assert (event["crm_campaign"], event["amount"], event["currency"]) == (SPRING, "1000.5", "EUR")
    assert (event["won"], event["closed"], event["deleted"]) == (False, False, False)
    OpportunityChanged.model_validate_json(json.dumps(event))


def test_each_change_is_told_once_and_no_change_not_at_all(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    told: list[OpportunityEvent] = []
    cursor = Cursor.empty()
    steps: list[tuple[str, dict[str, object]]] = [
        ("win", {"opportunity": opportunity, "amount": 1200}),
        ("opportunity", {"id": opportunity, "Amount": 1300.25}),
        ("reopen", {"opportunity": opportunity}),
        ("lose", {"opportunity": opportunity}),
        ("delete", {"type": "Opportunity", "id": opportunity}),
        ("undelete", {"type": "Opportunity", "id": opportunity}),
    ]
    events, cursor = poll(cursor)
    for name, body in steps:
        sandbox.post("clock", advance=1)
        sandbox.post(name, **body)
        events, cursor = poll(cursor)
        told.extend(events)
        again, cursor = poll(cursor)
        assert again == []
    seen = [(event["won"], event["closed"], event["deleted"], event["amount"]) for event in told]
    assert seen == [
        (True, True, False, "1200"),
        (True, True, False, "1300.25"),
        (False, False, False, "1300.25"),
        (False, True, False, "1300.25"),
        (False, True, True, "1300.25"),
        (False, True, False, "1300.25"),
    ]
    assert len({event["id"] for event in told}) == len(told)
    versions = [event["version"] for event in told]
    assert versions == sorted(set(versions))


def test_changes_within_one_second_of_the_org_are_told_in_their_order(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    _, cursor = poll(Cursor.empty())
    told = []
    for name in ("win", "reopen", "win"):
        sandbox.post(name, opportunity=opportunity)
        [event], cursor = poll(cursor)
        told.append(event)
    assert [event["won"] for event in told] == [True, False, True]
    assert told[0]["version"] < told[1]["version"] < told[2]["version"]


def test_a_poll_repeated_after_a_failure_gives_the_same_ids(poll: OpportunityPoll, opportunity: str) -> None:
    first, _ = poll(Cursor.empty())
    second, _ = poll(Cursor.empty())
    assert [event["id"] for event in first] == [event["id"] for event in second]


def test_a_row_that_becomes_visible_late_under_an_old_stamp_is_not_missed(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    sandbox.post("hide", id=opportunity, seconds=30, stamped_ago=300)
    events, cursor = poll(Cursor.empty())
    assert events == []
    sandbox.post("clock", advance=31)
    events, _ = poll(cursor)
    assert [event["opportunity"] for event in events] == [opportunity]


def test_many_rows_of_one_stamp_over_several_pages_come_once(
    sandbox: SandboxClient, poll: OpportunityPoll, client: OrgClient
) -> None:
    record = {"attributes": {"type": "Opportunity"}, "Name": "x", "StageName": "New", "CloseDate": "2026-01-01"}
    client.write_collection("POST", "composite/sobjects", [record] * 50)
    sandbox.post("settings", page_size=8)
    events, cursor = poll(Cursor.empty())
    assert len({event["opportunity"] for event in events}) == len(events) == 50
    assert poll(cursor)[0] == []


def test_the_cursor_can_be_had_from_the_events_told(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    events, _ = poll(Cursor.empty())
    cursor = Cursor.from_events(events)
    assert poll(cursor)[0] == []
    sandbox.post("win", opportunity=opportunity)
    [event], _ = poll(cursor)
    assert event["won"] is True
    assert event["version"] > events[0]["version"]


def test_whose_an_opportunity_is_stays_known_when_its_lead_is_gone(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    [first], cursor = poll(Cursor.empty())
    sandbox.post("delete", type="Lead", id=first["crm_record"])
    sandbox.post("win", opportunity=opportunity)
    [event], _ = poll(cursor)
    assert (event["contact"], event["won"]) == ("ada", True)


def test_an_opportunity_that_nobody_was_handed_over_for_has_no_contact(
    poll: OpportunityPoll, client: OrgClient
) -> None:
    record = {"attributes": {"type": "Opportunity"}, "Name": "x", "StageName": "New", "CloseDate": "2026-01-01"}
    client.write_collection("POST", "composite/sobjects", [record])
    [event], _ = poll(Cursor.empty())
    assert "contact" not in event
    assert event["amount"] is None


def test_a_poll_that_fails_leaves_the_cursor_where_it_was(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    sandbox.add_fault("html_503", path="queryAll")
    cursor = Cursor.empty()
    with pytest.raises(TransientFailure):
        poll(cursor)
    assert len(poll(cursor)[0]) == 1
