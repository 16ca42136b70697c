"""The poll of opportunities returns every change once, also changes that become visible late."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.handover.handover_records import LeadHandOver
from connectors.salesforce.opportunities.cursor import Cursor
from connectors.salesforce.opportunities.org_opportunity import OpportunityEvent
from connectors.salesforce.opportunities.poll import OpportunityPoll
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.errors import TransientFailure
from schemas.events.opportunities import OpportunityChanged
from tests.harness.salesforce.releases import cursor_after
from tests.harness.salesforce.sandbox import SPRING, SandboxClient

_HandOverFactory = Callable[..., LeadHandOver]


@pytest.fixture
def poll(client: OrgClient) -> OpportunityPoll:
    return OpportunityPoll(client, currency="EUR")


@pytest.fixture
def opportunity(sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory) -> str:
    [answer] = delivery.deliver([hand_over()]).results
    return str(sandbox.post("convert", lead=answer.record, amount=1000.5)["opportunity"])


def test_an_opportunity_has_its_campaign_and_its_contact(poll: OpportunityPoll, opportunity: str) -> None:
    [event], _ = poll(Cursor.empty())
    assert event["opportunity"] == opportunity
    assert (event["account"], event["contact"], event["campaign"]) == ("default", "ada", "spring-trial")
    assert (event["crm_campaign"], event["amount"], event["currency"]) == (SPRING, "1000.5", "EUR")
    assert (event["won"], event["closed"], event["deleted"]) == (False, False, False)
    OpportunityChanged.model_validate_json(json.dumps(event))


def test_each_change_is_reported_exactly_once(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    reported: list[OpportunityEvent] = []
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
        reported.extend(events)
        repeated, cursor = poll(cursor)
        assert repeated == []
    states = [(event["won"], event["closed"], event["deleted"], event["amount"]) for event in reported]
    assert states == [
        (True, True, False, "1200"),
        (True, True, False, "1300.25"),
        (False, False, False, "1300.25"),
        (False, True, False, "1300.25"),
        (False, True, True, "1300.25"),
        (False, True, False, "1300.25"),
    ]
    assert len({event["id"] for event in reported}) == len(reported)
    versions = [event["version"] for event in reported]
    assert versions == sorted(set(versions))


def test_changes_within_one_second_of_the_org_are_reported_in_order(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    _, cursor = poll(Cursor.empty())
    reported = []
    for name in ("win", "reopen", "win"):
        sandbox.post(name, opportunity=opportunity)
        [event], cursor = poll(cursor)
        reported.append(event)
    assert [event["won"] for event in reported] == [True, False, True]
    assert reported[0]["version"] < reported[1]["version"] < reported[2]["version"]


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


def test_the_cursor_can_be_restored_from_the_events(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    events, _ = poll(Cursor.empty())
    cursor = cursor_after(events)
    assert poll(cursor)[0] == []
    sandbox.post("win", opportunity=opportunity)
    [event], _ = poll(cursor)
    assert event["won"] is True
    assert event["version"] > events[0]["version"]


def test_an_opportunity_keeps_its_contact_when_its_lead_is_deleted(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    [first], cursor = poll(Cursor.empty())
    sandbox.post("delete", type="Lead", id=first["crm_record"])
    sandbox.post("win", opportunity=opportunity)
    [event], _ = poll(cursor)
    assert (event.get("contact"), event["won"]) == ("ada", True)


def test_a_failed_poll_does_not_move_the_cursor(
    sandbox: SandboxClient, poll: OpportunityPoll, opportunity: str
) -> None:
    sandbox.add_fault("html_503", path="queryAll")
    cursor = Cursor.empty()
    with pytest.raises(TransientFailure):
        poll(cursor)
    assert len(poll(cursor)[0]) == 1
