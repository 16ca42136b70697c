"""Memberships of campaigns: made, moved to the status that is asked for, and answered by their own codes."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import msgspec
import pytest

from connectors.salesforce.handover.handover_records import CampaignTarget, LeadHandOver
from streams.errors import SalesforceUnavailable
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of, writes_to
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, OrgApi, SandboxClient


def status_of(sandbox: SandboxClient) -> str:
    [member] = sandbox.live_records("CampaignMember")
    return str(member["Status"])


def move(sandbox: SandboxClient, status: str) -> None:
    """What a rep does with the one member."""
    [member] = sandbox.live_records("CampaignMember")
    assert OrgApi(sandbox)("PATCH", f"sobjects/CampaignMember/{member['Id']}", {"Status": status}).ok


def to_autumn(handover: LeadHandOver) -> CampaignTarget:
    """The Salesforce campaign that definitions name by now, whatever the record has."""
    del handover
    return CampaignTarget(AUTUMN, "Responded")


def soon(sandbox: SandboxClient) -> str:
    """An instant after everything that the org holds."""
    return (sandbox.server_time() + timedelta(minutes=1)).isoformat()


def test_a_member_is_moved_to_the_status_that_is_asked_for(sandbox: SandboxClient) -> None:
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(status="Sent"))
    [answer] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2, status="Responded"))
    [member] = sandbox.live_records("CampaignMember")
    assert (member["Status"], member["HasResponded"], answer.member) == ("Responded", True, member["Id"])


def test_a_member_that_a_person_added_is_moved_whatever_the_case_of_the_status(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(campaign=None))
    sandbox.post("record", type="CampaignMember", CampaignId=SPRING, LeadId=first.record, Status="Sent")
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2, status="responded"))
    assert status_of(sandbox) == "Responded"


@pytest.mark.parametrize(("asked", "after"), [("Sent", "Attended"), ("Responded", "Responded"), (None, "Attended")])
def test_a_member_who_responded_is_never_one_who_did_not(
    sandbox: SandboxClient, asked: str | None, after: str
) -> None:
    sandbox.post("member_status", campaign=SPRING, label="Attended", responded=True)
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(status="Attended"))
    [answer] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2, status=asked))
    assert (answer.kind, status_of(sandbox)) == ("linked", after)


def test_the_contact_of_a_converted_lead_is_moved(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(status="Sent"))
    sandbox.post("convert", lead=first.record)
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2))
    assert status_of(sandbox) == "Responded"


def test_two_leads_of_one_salesforce_campaign_in_a_batch_are_one_member(sandbox: SandboxClient) -> None:
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(status="Responded"), lead_of(offset=2, status="Sent"))
    assert status_of(sandbox) == "Responded"


def test_a_repeated_delivery_leaves_a_member_that_a_rep_moved_since(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    move(sandbox, "Sent")
    [again] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    assert (again.kind, again.member, status_of(sandbox)) == ("linked", first.member, "Sent")
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2))
    assert status_of(sandbox) == "Responded", "a later hand-over asks anew"


def test_a_repeated_delivery_leaves_the_member_of_a_converted_lead_too(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    sandbox.post("convert", lead=first.record)
    move(sandbox, "Sent")
    answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    assert status_of(sandbox) == "Sent"


@pytest.mark.parametrize(
    ("kind", "before"), [("drop", "Sent"), ("row_lock", "Sent"), ("drop_after_commit", "Responded")]
)
def test_a_worker_that_dies_while_it_moves_a_member_has_it_moved_by_the_next_one(
    sandbox: SandboxClient, kind: str, before: str
) -> None:
    """The record has the number of the hand-over then, and the member is as it was before the hand-over."""
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(campaign=None))
    sandbox.post("record", type="CampaignMember", CampaignId=SPRING, LeadId=first.record, Status="Sent")
    handover = msgspec.structs.replace(lead_of(offset=2), at=soon(sandbox))
    sandbox.add_fault(kind, method="PATCH", path="composite/sobjects", skip=1, times=-1)
    with suppress(SalesforceUnavailable):
        delivery_to(sandbox, mapping_of()).deliver([handover])
    sandbox.clear_faults()
    [lead] = sandbox.live_records("Lead")
    assert (lead["Leadstream_Number__c"], status_of(sandbox)) == ("0/2/0", before)
    answers_of(delivery_to(sandbox, mapping_of()), handover)
    assert status_of(sandbox) == "Responded"


def test_a_repair_leaves_a_member_that_a_rep_moved(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    [first] = answers_of(delivery, lead_of(offset=3))
    move(sandbox, "Sent")
    sandbox.post("edit", type="Lead", id=first.record, Leadstream_Number__c="0/1/0")
    assert [each.number.offset for each in delivery.repair_outdated_leads()] == [3]
    assert status_of(sandbox) == "Sent"


def test_a_repeat_by_hand_moves_a_member_to_the_status_that_was_refused_before(sandbox: SandboxClient) -> None:
    [refused] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(status="Attended"))
    sandbox.post("record", type="CampaignMember", CampaignId=SPRING, LeadId=refused.record, Status="Sent")
    sandbox.post("member_status", campaign=SPRING, label="Attended", responded=True)
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(status="Attended", retry=1))
    assert status_of(sandbox) == "Attended"


def test_a_status_that_the_campaign_does_not_have_is_an_answer_of_its_own(sandbox: SandboxClient) -> None:
    good, bad = answers_of(delivery_to(sandbox, mapping_of()), lead_of("ada"), lead_of("bob", 2, status="Respnded"))
    assert (good.kind, bad.kind, bad.code) == ("linked", "failed", "member_status_unknown")
    assert "'Respnded'" in bad.message
    assert "Responded, Sent" in bad.message
    assert len(sandbox.live_records("CampaignMember")) == 1
    assert bad.record in {row["Id"] for row in sandbox.live_records("Lead")}


@pytest.mark.parametrize("campaign", ["7015A000000NoneAAA", "nonsense", "", "0035A000000SPR1QAO"])
@pytest.mark.parametrize("status", [None, "Responded"])
def test_a_campaign_that_there_is_not_is_an_answer_of_its_own(
    sandbox: SandboxClient, campaign: str, status: str | None
) -> None:
    handover = lead_of("bob", 2, campaign=campaign or " ", status=status)
    good, bad = answers_of(delivery_to(sandbox, mapping_of()), lead_of("ada"), handover)
    assert (good.kind, bad.kind, bad.code) == ("linked", "failed", "campaign_unknown")
    assert len(sandbox.live_records("Lead")) == 2


def test_a_campaign_deleted_in_salesforce_is_unknown(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    answers_of(delivery, lead_of("ada"))
    sandbox.post("delete", type="Campaign", id=SPRING)
    [answer] = answers_of(delivery, lead_of("bob", 2))
    assert (answer.kind, answer.code) == ("failed", "campaign_unknown")


def test_an_id_of_15_characters_is_the_same_campaign(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    answers_of(delivery, lead_of(status="Sent"))
    answers_of(delivery, lead_of(offset=2, campaign=SPRING[:15]))
    assert status_of(sandbox) == "Responded"


def test_a_status_that_an_administrator_adds_is_known_a_little_later(sandbox: SandboxClient) -> None:
    [refused] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(status="Attended"))
    sandbox.post("member_status", campaign=SPRING, label="Attended", responded=True)
    [answer] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(status="Attended", retry=1))
    assert (refused.code, answer.kind, status_of(sandbox)) == ("member_status_unknown", "linked", "Attended")


def test_a_member_as_it_should_be_is_not_written_again(sandbox: SandboxClient) -> None:
    answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    before = len(writes_to(sandbox))
    answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    assert len(writes_to(sandbox)) == before + 1  # the attempt to create it, which tells that it is there


def test_a_campaign_that_many_are_to_join_is_looked_for_once(sandbox: SandboxClient) -> None:
    batch = [lead_of(f"c{number}", number, campaign="7015A000000NoneAAA", status=None) for number in range(20)]
    answers = answers_of(delivery_to(sandbox, mapping_of()), *batch)
    assert {each.code for each in answers} == {"campaign_unknown"}
    assert len([each for each in sandbox.requests("queryAll") if "FROM Campaign " in each["query"]["q"]]) == 1


def test_a_repeat_by_hand_goes_to_the_campaign_that_is_named_by_now(sandbox: SandboxClient) -> None:
    sandbox.post("delete", type="Campaign", id=SPRING)
    [refused] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    outcome = delivery_to(sandbox, mapping_of(), target=to_autumn).deliver([lead_of(retry=1)])
    [answer] = outcome.results
    [member] = sandbox.live_records("CampaignMember")
    assert (refused.code, answer.kind, answer.record) == ("campaign_unknown", "linked", refused.record)
    assert (answer.member, member["CampaignId"], member["Status"]) == (member["Id"], AUTUMN, "Responded")


def test_a_member_of_the_campaign_that_is_named_by_now_is_moved_there(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(campaign=None))
    sandbox.post("record", type="CampaignMember", CampaignId=AUTUMN, LeadId=first.record, Status="Sent")
    delivery_to(sandbox, mapping_of(), target=to_autumn).deliver([lead_of(offset=2)])
    [member] = sandbox.live_records("CampaignMember")
    assert (member["CampaignId"], member["Status"]) == (AUTUMN, "Responded")


def test_a_repair_asks_for_the_membership_that_the_hand_over_asked_for(sandbox: SandboxClient) -> None:
    named = CampaignTarget(SPRING, "Responded")
    delivery = delivery_to(sandbox, mapping_of(), target=lambda handover: named)
    [first] = delivery.deliver([lead_of(offset=3)]).results
    named = CampaignTarget(AUTUMN, "Responded")
    sandbox.post("edit", type="Lead", id=first.record, Leadstream_Number__c="0/1/0")
    assert [each.number.offset for each in delivery.repair_outdated_leads()] == [3]
    [member] = sandbox.live_records("CampaignMember")
    assert member["CampaignId"] == SPRING
