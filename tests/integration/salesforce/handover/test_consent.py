"""A contact that opted out while its hand-over waited: nothing is made of that, and the opt-out goes out."""

from __future__ import annotations

import msgspec

from connectors.salesforce.handover.handover_records import DO_NOT_SYNC, LeadHandOver
from connectors.salesforce.handover.newest import NewestHandOvers
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of, writes_to
from tests.harness.salesforce.sandbox import AUTUMN, SandboxClient

MAPPING = mapping_of(
    {"Phone": {"property": "phone"}},
    match=["email"],
    updates=[{"on": {"property": "consent"}, "fields": {"HasOptedOutOfEmail": {"value": True}}}],
)


def withheld(handover: LeadHandOver) -> LeadHandOver:
    return msgspec.structs.replace(handover, is_withheld=True)


def opt_out(offset: int) -> LeadHandOver:
    return msgspec.structs.replace(lead_of(offset=offset, update=("property/consent",)), opted_out=True)


def test_without_a_record_nothing_is_made_and_both_answers_say_why(sandbox: SandboxClient) -> None:
    waiting = withheld(lead_of(email="ada@example.com"))
    answers = answers_of(delivery_to(sandbox, MAPPING), waiting, opt_out(2))
    assert [(each.kind, each.code, each.record) for each in answers] == [("failed", DO_NOT_SYNC, None)] * 2
    assert "opted out" in answers[0].message
    assert writes_to(sandbox) == []


def test_a_record_of_before_is_told_of_the_opt_out_and_keeps_everything_else(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, MAPPING)
    [first] = answers_of(delivery, lead_of(phone="1"))
    waiting = withheld(lead_of(offset=2, phone="2", campaign=AUTUMN, of="autumn"))
    kept_back, told = answers_of(delivery, waiting, opt_out(3))
    assert (kept_back.kind, kept_back.code, kept_back.record) == ("failed", DO_NOT_SYNC, first.record)
    assert (told.kind, told.record) == ("linked", first.record)
    [lead] = sandbox.live_records("Lead")
    assert (lead["HasOptedOutOfEmail"], lead["Phone"], lead["Leadstream_Number__c"]) == (True, "1", "0/3/0")
    assert len(sandbox.live_records("CampaignMember")) == 1


def test_no_record_of_another_origin_is_linked_by_its_address(sandbox: SandboxClient) -> None:
    sandbox.post("record", type="Lead", LastName="Ada", Company="Engines", Email="ada@example.com")
    [answer] = answers_of(delivery_to(sandbox, MAPPING), withheld(lead_of(email="ada@example.com")))
    assert (answer.code, answer.record) == (DO_NOT_SYNC, None)
    assert writes_to(sandbox) == []


def test_consent_given_again_hands_over_by_the_next_hand_over(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, MAPPING)
    answers = answers_of(delivery, withheld(lead_of(phone="1")), opt_out(2), lead_of(offset=3, phone="3"))
    assert [each.kind for each in answers] == ["failed", "failed", "linked"]
    [lead] = sandbox.live_records("Lead")
    assert lead["Phone"] == "3"


def test_a_record_that_a_late_worker_wrote_is_told_of_the_opt_out_again(sandbox: SandboxClient) -> None:
    delivery, late = delivery_to(sandbox, MAPPING), delivery_to(sandbox, MAPPING)
    answers_of(delivery, withheld(lead_of(phone="1")), opt_out(2))
    answers_of(late, lead_of(phone="1"))
    assert [each.id for each in delivery.repair_outdated_leads()] == ["h-default-ada-2"]
    [lead] = sandbox.live_records("Lead")
    assert (lead["HasOptedOutOfEmail"], lead["Leadstream_Number__c"]) == (True, "0/2/0")


def test_of_a_contact_that_opted_out_only_the_opt_out_is_delivered_again() -> None:
    newest = NewestHandOvers()
    first, numbers = lead_of(), {"default/ada": lead_of(offset=0).number}
    newest.add(first)
    newest.add(msgspec.structs.replace(lead_of(offset=2, update=())))
    assert newest.newer_than(numbers) == [first]
    newest.add(opt_out(3))
    assert newest.newer_than(numbers) == [opt_out(3)]
    newest.add(msgspec.structs.replace(lead_of(offset=4, update=()), do_not_sync=True))
    assert newest.newer_than(numbers) == []
