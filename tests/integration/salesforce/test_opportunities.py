"""Opportunities come back: every change once, whatever Salesforce shows when."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from connectors.salesforce.client import OrgClient
from connectors.salesforce.delivery import Delivery
from connectors.salesforce.errors import Transient
from connectors.salesforce.handover import HandOver
from connectors.salesforce.opportunities import Cursor, Event, Poll
from schemas.events.opportunities import OpportunityChanged
from tests.harness.salesforce.sandbox import SPRING, Sandbox

HandOvers = Callable[..., HandOver]


@pytest.fixture
def poll(client: OrgClient) -> Poll:
    return Poll(client, currency="EUR")


@pytest.fixture
def opportunity(sandbox: Sandbox, delivery: Delivery, hand_over: HandOvers) -> str:
    [answer] = delivery.deliver([hand_over()])
    return str(sandbox.post("convert", lead=answer.record, amount=1000.5)["opportunity"])


def test_an_opportunity_comes_with_its_campaign_and_the_contact_it_came_from(poll: Poll, opportunity: str) -> None:
    [event], _ = poll(Cursor.start())
    assert event["opportunity"] == opportunity
    assert (event["account"], event["contact"], event["campaign"]) == ("default", "ada", "spring-trial")
    assert (event["crm_campaign"], event["amount"], event["currency"]) == (SPRING, "1000.5", "EUR")
    assert (event["won"], event["closed"], event["deleted"]) == (False, False, False)
    OpportunityChanged.model_validate_json(json.dumps(event))


def test_each_change_is_told_once_and_no_change_not_at_all(sandbox: Sandbox, poll: Poll, opportunity: str) -> None:
    told: list[Event] = []
    cursor = Cursor.start()
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
    sandbox: Sandbox, poll: Poll, opportunity: str
) -> None:
    _, cursor = poll(Cursor.start())
    told = []
    for name in ("win", "reopen", "win"):
        sandbox.post(name, opportunity=opportunity)
        [event], cursor = poll(cursor)
        told.append(event)
    assert [event["won"] for event in told] == [True, False, True]
    assert told[0]["version"] < told[1]["version"] < told[2]["version"]


def test_a_poll_repeated_after_a_failure_gives_the_same_ids(poll: Poll, opportunity: str) -> None:
    first, _ = poll(Cursor.start())
    second, _ = poll(Cursor.start())
    assert [event["id"] for event in first] == [event["id"] for event in second]


def test_a_row_that_becomes_visible_late_under_an_old_stamp_is_not_missed(
    sandbox: Sandbox, poll: Poll, opportunity: str
) -> None:
    sandbox.post("hide", id=opportunity, seconds=30, stamped_ago=300)
    events, cursor = poll(Cursor.start())
    assert events == []
    sandbox.post("clock", advance=31)
    events, _ = poll(cursor)
    assert [event["opportunity"] for event in events] == [opportunity]


def test_many_rows_of_one_stamp_over_several_pages_come_once(sandbox: Sandbox, poll: Poll, client: OrgClient) -> None:
    record = {"attributes": {"type": "Opportunity"}, "Name": "x", "StageName": "New", "CloseDate": "2026-01-01"}
    client.collection("POST", "composite/sobjects", [record] * 50)
    sandbox.post("settings", page_size=8)
    events, cursor = poll(Cursor.start())
    assert len({event["opportunity"] for event in events}) == len(events) == 50
    assert poll(cursor)[0] == []


def test_the_cursor_can_be_had_from_the_events_told(sandbox: Sandbox, poll: Poll, opportunity: str) -> None:
    events, _ = poll(Cursor.start())
    cursor = Cursor.replayed(events)
    assert poll(cursor)[0] == []
    sandbox.post("win", opportunity=opportunity)
    [event], _ = poll(cursor)
    assert event["won"] is True
    assert event["version"] > events[0]["version"]


def test_whose_an_opportunity_is_stays_known_when_its_lead_is_gone(
    sandbox: Sandbox, poll: Poll, opportunity: str
) -> None:
    [first], cursor = poll(Cursor.start())
    sandbox.post("delete", type="Lead", id=first["crm_record"])
    sandbox.post("win", opportunity=opportunity)
    [event], _ = poll(cursor)
    assert (event["contact"], event["won"]) == ("ada", True)


def test_an_opportunity_that_nobody_was_handed_over_for_has_no_contact(poll: Poll, client: OrgClient) -> None:
    record = {"attributes": {"type": "Opportunity"}, "Name": "x", "StageName": "New", "CloseDate": "2026-01-01"}
    client.collection("POST", "composite/sobjects", [record])
    [event], _ = poll(Cursor.start())
    assert "contact" not in event
    assert event["amount"] is None


def test_a_poll_that_fails_leaves_the_cursor_where_it_was(sandbox: Sandbox, poll: Poll, opportunity: str) -> None:
    sandbox.fault("html_503", path="queryAll")
    cursor = Cursor.start()
    with pytest.raises(Transient):
        poll(cursor)
    assert len(poll(cursor)[0]) == 1
