"""Leads are handed over once, whatever fails: the real client against the sandbox over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.handover.handover_records import LeadHandOver
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.errors import CircuitOpen, TransientFailure
from schemas.definitions import LeadField, Salesforce
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient

UPSERT = "composite/sobjects/Lead/"
_HandOverFactory = Callable[..., LeadHandOver]
NAMED = Salesforce(lead_fields={"LastName": LeadField(property="last_name"), "Company": LeadField(value="Engines")})


def test_a_first_hand_over_makes_a_lead_and_a_member(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    [answer] = delivery.deliver([hand_over()]).results
    [lead] = sandbox.live_records("Lead")
    [member] = sandbox.live_records("CampaignMember")
    assert (answer.kind, answer.record, answer.member) == ("linked", lead["Id"], member["Id"])
    assert lead["Leadstream_Id__c"] == "default/ada"
    assert (lead["LastName"], lead["Company"], lead["Email"]) == ("Ada", "Engines", None)
    assert (lead["Leadstream_Number__c"], lead["Leadstream_Campaign__c"]) == ("0/1/0", "spring-trial")
    assert (member["CampaignId"], member["LeadId"], member["Status"]) == (SPRING, lead["Id"], "Responded")


def test_a_later_hand_over_updates_the_lead_and_adds_a_membership(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    delivery.deliver([hand_over()])
    delivery.deliver([hand_over(offset=7, crm_campaign=AUTUMN, properties={"last_name": "Lovelace"})])
    [lead] = sandbox.live_records("Lead")
    assert (lead["LastName"], lead["Leadstream_Number__c"]) == ("Lovelace", "0/7/0")
    assert [row["CampaignId"] for row in sandbox.live_records("CampaignMember")] == [SPRING, AUTUMN]


def test_handing_over_again_changes_nothing(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    first = delivery.deliver([hand_over()]).results
    before = sandbox.get("records/Lead")
    again = delivery.deliver([hand_over()]).results
    assert sandbox.get("records/Lead") == before
    assert len(sandbox.live_records("CampaignMember")) == 1
    assert again[0].to_event("t")["id"] == first[0].to_event("t")["id"]


def test_several_hand_overs_of_one_contact_in_a_batch_are_one_record_with_the_latest_values(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    newer = hand_over(offset=9, crm_campaign=AUTUMN, properties={"last_name": "Newer"})
    answers = delivery.deliver([newer, hand_over(offset=3)]).results
    assert [answer.kind for answer in answers] == ["linked", "linked"]
    [lead] = sandbox.live_records("Lead")
    assert (lead["LastName"], lead["Leadstream_Number__c"]) == ("Newer", "0/9/0")
    assert len(sandbox.live_records("CampaignMember")) == 2


def test_more_than_200_leads_go_in_requests_of_200(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    answers = delivery.deliver([hand_over(f"c{number}") for number in range(450)]).results
    assert {answer.kind for answer in answers} == {"linked"}
    assert len(sandbox.live_records("Lead")) == len(sandbox.live_records("CampaignMember")) == 450
    sizes = [len(entry["body"]["records"]) for entry in sandbox.requests(UPSERT)]
    assert sizes == [200, 200, 50]


@pytest.mark.parametrize("path", [UPSERT, "composite/sobjects", "queryAll"])
@pytest.mark.parametrize(
    "kind",
    [
        "drop",
        "drop_after_commit",
        "error_after_commit",
        "truncated",
        "html_503",
        "row_lock",
        "concurrent_limit",
    ],
)
def test_a_failed_request_is_repeated_and_creates_nothing_twice(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory, kind: str, path: str
) -> None:
    sandbox.add_fault(kind, path=path, times=2)
    answers = delivery.deliver([hand_over("ada"), hand_over("bob")]).results
    assert [answer.kind for answer in answers] == ["linked", "linked"]
    assert len(sandbox.live_records("Lead")) == 2
    assert len(sandbox.live_records("CampaignMember")) == 2


def test_an_answer_that_comes_too_late_is_an_unknown_outcome_not_a_second_lead(
    sandbox: SandboxClient, hand_over: _HandOverFactory
) -> None:
    impatient = Delivery(OrgClient(sandbox.connection(read_timeout=1.0)), lambda account: NAMED)
    sandbox.add_fault("slow_after_commit", path=UPSERT, seconds=4.0)
    [answer] = impatient.deliver([hand_over()]).results
    [lead] = sandbox.live_records("Lead")
    assert (answer.kind, answer.record) == ("linked", lead["Id"])


def test_one_locked_record_is_sent_again_without_the_others(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    sandbox.add_fault("lock_record", path=UPSERT, key="default/bob")
    outcome = delivery.deliver([hand_over("ada"), hand_over("bob")])
    assert [each.handover.contact for each in outcome.pending] == ["bob"]
    [answer] = delivery.deliver([each.handover for each in outcome.pending]).results
    assert answer.kind == "linked"
    keys_by_request = [
        [each["Leadstream_Id__c"] for each in entry["body"]["records"]] for entry in sandbox.requests(UPSERT)
    ]
    assert keys_by_request == [["default/ada", "default/bob"], ["default/bob"]]


def test_two_workers_that_create_the_same_lead_end_with_one(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    sandbox.add_fault("race", path=UPSERT)
    [answer] = delivery.deliver([hand_over()]).results
    [lead] = sandbox.live_records("Lead")
    assert (answer.kind, answer.record) == ("linked", lead["Id"])


def test_a_lead_deleted_in_salesforce_is_reported_and_not_created_again(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    [first] = delivery.deliver([hand_over()]).results
    sandbox.post("delete", type="Lead", id=first.record)
    [answer] = delivery.deliver([hand_over(offset=5)]).results
    assert (answer.kind, answer.code, answer.record) == ("failed", "deleted_in_crm", first.record)
    assert sandbox.live_records("Lead") == []


def test_a_lead_deleted_from_the_recycle_bin_is_recognized_by_its_link(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    [answer] = delivery.deliver([hand_over(record="00Q5A0000000ZZZUA2")]).results
    assert (answer.kind, answer.code) == ("failed", "deleted_in_crm")
    assert sandbox.live_records("Lead") == []


def test_a_converted_lead_leads_to_its_contact(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    [first] = delivery.deliver([hand_over()]).results
    converted = sandbox.post("convert", lead=first.record)
    [answer] = delivery.deliver([hand_over(offset=5, crm_campaign=AUTUMN, properties={"last_name": "King"})]).results
    assert (answer.kind, answer.record) == ("linked", first.record)
    [contact] = sandbox.live_records("Contact")
    assert (contact["Id"], contact["LastName"]) == (converted["contact"], "King")
    member = sandbox.live_records("CampaignMember")[-1]
    assert (member["CampaignId"], member["ContactId"], member["LeadId"]) == (AUTUMN, contact["Id"], None)


def test_one_bad_record_fails_alone_and_its_value_is_not_repeated_in_the_message(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    sandbox.post("validation_rule", sobject="Lead", when="LastName = 'Bob'", message="No Bobs", field="LastName")
    good, refused = delivery.deliver([hand_over("ada"), hand_over("bob")]).results
    assert good.kind == "linked"
    assert (refused.kind, refused.code) == ("failed", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert [row["Leadstream_Id__c"] for row in sandbox.live_records("Lead")] == ["default/ada"]


def test_an_unknown_campaign_fails_the_hand_over_and_names_the_lead(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    [answer] = delivery.deliver([hand_over(crm_campaign="7015A000000NoneAAA")]).results
    [lead] = sandbox.live_records("Lead")
    assert (answer.kind, answer.code, answer.record) == ("failed", "campaign_unknown", lead["Id"])


def test_an_older_snapshot_does_not_overwrite_a_newer_one(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    delivery.deliver([hand_over(offset=9, properties={"last_name": "Newer"})])
    [answer] = delivery.deliver([hand_over(offset=3, crm_campaign=AUTUMN, properties={"last_name": "Older"})]).results
    assert answer.kind == "linked"
    assert sandbox.live_records("Lead")[0]["LastName"] == "Newer"
    assert len(sandbox.live_records("CampaignMember")) == 2


def test_a_late_write_of_an_older_snapshot_is_repaired(
    sandbox: SandboxClient, delivery: Delivery, client: OrgClient, hand_over: _HandOverFactory
) -> None:
    [first] = delivery.deliver([hand_over(offset=9, properties={"last_name": "Newer", "company": "N"})]).results
    late = {"id": first.record, "LastName": "Older", "Leadstream_Number__c": "0/3/0"}
    client.write_collection("PATCH", "composite/sobjects", [{"attributes": {"type": "Lead"}, **late}])
    assert [handover.id for handover in delivery.repair_outdated_leads()] == ["h-ada-9"]
    [lead] = sandbox.live_records("Lead")
    assert (lead["LastName"], lead["Leadstream_Number__c"]) == ("Newer", "0/9/0")
    assert delivery.repair_outdated_leads() == []


def test_a_late_write_is_repaired_when_its_account_goes_on(
    sandbox: SandboxClient, delivery: Delivery, client: OrgClient, hand_over: _HandOverFactory
) -> None:
    [first] = delivery.deliver([hand_over(offset=9, properties={"last_name": "Newer"})]).results
    late = {"id": first.record, "LastName": "Older", "Leadstream_Number__c": "0/3/0"}
    client.write_collection("PATCH", "composite/sobjects", [{"attributes": {"type": "Lead"}, **late}])
    assert delivery.repair_outdated_leads(stopped={"default"}) == []
    assert sandbox.live_records("Lead")[0]["LastName"] == "Older"
    sandbox.post("clock", advance=3_600)
    assert delivery.repair_outdated_leads(stopped={"default"}) == []
    assert [handover.id for handover in delivery.repair_outdated_leads()] == ["h-ada-9"]
    assert sandbox.live_records("Lead")[0]["LastName"] == "Newer"
    assert delivery.repair_outdated_leads() == []


def test_contacts_whose_ids_differ_in_case_are_two_leads(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    delivery.deliver([hand_over("bob"), hand_over("Bob")])
    assert len(sandbox.live_records("Lead")) == 2


def test_the_duplicate_rule_of_the_org_does_not_merge_two_contacts(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    sandbox.post("settings", duplicate_rule=True)
    shared = {"last_name": "X", "company": "Y", "email": "office@example.com"}
    answers = delivery.deliver([hand_over("ada", properties=shared), hand_over("bob", properties=shared)]).results
    assert [answer.kind for answer in answers] == ["linked", "linked"]


def test_the_daily_limit_opens_the_circuit_at_once(
    sandbox: SandboxClient, delivery: Delivery, hand_over: _HandOverFactory
) -> None:
    sandbox.add_fault("daily_limit", path="services/data", times=-1)
    with pytest.raises(CircuitOpen, match="TotalRequests"):
        delivery.deliver([hand_over()])
    assert len(sandbox.requests("services/data")) == 1


def test_an_unreachable_org_is_reported_as_such(
    delivery: Delivery, sandbox: SandboxClient, hand_over: _HandOverFactory
) -> None:
    sandbox.add_fault("drop", times=-1)
    with pytest.raises(TransientFailure, match="does not answer"):
        delivery.deliver([hand_over()])


def test_a_key_that_several_leads_have_fails_and_names_them(
    sandbox: SandboxClient, hand_over: _HandOverFactory
) -> None:
    client = OrgClient(sandbox.connection(external_id_field="Legacy_Id__c"))
    double = {"attributes": {"type": "Lead"}, "LastName": "x", "Company": "y", "Legacy_Id__c": "default/ada"}
    client.write_collection("POST", "composite/sobjects", [double, double])
    [answer] = Delivery(client, lambda account: NAMED).deliver([hand_over()]).results
    assert (answer.kind, answer.code) == ("failed", "DUPLICATE_EXTERNAL_ID")
    assert all(lead["Id"] in answer.message for lead in sandbox.live_records("Lead"))
