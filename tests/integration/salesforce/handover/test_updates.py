"""What happens to a lead after its hand-over goes out too; retries by hand, and what would be sent."""

from __future__ import annotations

from typing import Any

from connectors.salesforce.handover.field_rules import digests_text, value_digest
from connectors.salesforce.handover.newest import NewestHandOvers
from connectors.salesforce.org.client import OrgClient
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of, writes_to
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient

UPDATES: list[dict[str, Any]] = [
    {"on": "lead.rejected", "fields": {"Status": {"value": "Closed - Not Converted"}}},
    {"on": "contact.status", "fields": {"HasOptedOutOfEmail": {"property": "opted_out"}}},
    {"on": {"property": "phone"}, "fields": {"Phone": {"property": "phone", "write": "empty"}}},
]
MAPPING = mapping_of({"Status": {"value": "Working - Contacted"}}, updates=UPDATES)


def test_a_rejected_lead_changes_the_fields_of_its_occasion_only(sandbox: SandboxClient) -> None:
    answers_of(delivery_to(sandbox, MAPPING), lead_of(company="Acme"))
    update = lead_of(offset=2, update=("lead.rejected",), company="Changed", phone="1", campaign=AUTUMN, of="other")
    [answer] = answers_of(delivery_to(sandbox, MAPPING), update)
    [lead] = sandbox.live_records("Lead")
    assert (lead["Status"], lead["Company"], lead["Phone"]) == ("Closed - Not Converted", "Acme", None)
    assert (lead["Leadstream_Number__c"], lead["Leadstream_Campaign__c"]) == ("0/2/0", "spring-trial")
    assert (answer.kind, answer.record, answer.member) == ("linked", lead["Id"], None)
    assert len(sandbox.live_records("CampaignMember")) == 1


def test_an_update_keeps_what_a_person_changed_since_the_same_value_was_written(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, MAPPING)
    [first, _] = answers_of(delivery, lead_of(), lead_of(offset=2, update=("lead.rejected",)))
    sandbox.post("edit", type="Lead", id=first.record, Status="Working - Contacted")
    answers_of(delivery, lead_of(offset=3, update=("lead.rejected",)))
    assert sandbox.live_records("Lead")[0]["Status"] == "Working - Contacted"


def test_a_property_and_the_status_of_the_contact_are_occasions(sandbox: SandboxClient) -> None:
    answers_of(delivery_to(sandbox, MAPPING), lead_of())
    update = lead_of(offset=2, update=("contact.status", "property/phone"), opted_out=True, phone="1")
    answers_of(delivery_to(sandbox, MAPPING), update)
    [lead] = sandbox.live_records("Lead")
    assert (lead["HasOptedOutOfEmail"], lead["Phone"], lead["Status"]) == (True, "1", "Working - Contacted")


def test_an_update_reaches_the_contact_of_a_converted_lead(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, MAPPING), lead_of())
    sandbox.post("convert", lead=first.record)
    update = lead_of(offset=2, update=("lead.rejected", "contact.status"), opted_out=True)
    answers_of(delivery_to(sandbox, MAPPING), update)
    assert sandbox.live_records("Contact")[0]["HasOptedOutOfEmail"] is True


def test_an_update_without_a_record_makes_none(sandbox: SandboxClient) -> None:
    update = lead_of(update=("lead.rejected",))
    [answer] = answers_of(delivery_to(sandbox, MAPPING), update)
    assert (answer.kind, answer.code, sandbox.live_records("Lead")) == ("failed", "no_record", [])


def test_a_hand_over_and_its_update_in_one_batch_are_one_write(sandbox: SandboxClient) -> None:
    update = lead_of(offset=2, update=("lead.rejected",))
    answers_of(delivery_to(sandbox, MAPPING), update, lead_of(campaign=None))
    [write] = writes_to(sandbox)
    [lead] = sandbox.live_records("Lead")
    assert (lead["Status"], lead["Leadstream_Number__c"]) == ("Closed - Not Converted", "0/2/0")
    assert len(write["body"]["records"]) == 1


def test_consent_withdrawn_between_two_hand_overs_stops_the_second(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, MAPPING)
    [first] = answers_of(delivery, lead_of(company="Acme"))
    before = len(sandbox.requests("services"))
    [answer] = answers_of(delivery, lead_of(offset=2, company="Other", record=first.record, do_not_sync=True))
    assert (answer.code, answer.record) == ("do_not_sync", first.record)
    assert len(sandbox.requests("services")) == before


def test_a_retry_by_hand_has_an_answer_of_its_own(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, MAPPING)
    results = [answers_of(delivery, lead_of(retry=number))[0] for number in (0, 1, 1, 2)]
    events = [each.to_event("2026-03-01T10:00:00Z") for each in results]
    assert [each.get("retry") for each in events] == [None, 1, 1, 2]
    ids = [each["id"] for each in events]
    assert (ids[1], len(set(ids))) == (ids[2], 3)


def test_a_late_write_is_repaired_by_the_hand_over_and_the_updates_after_it(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, MAPPING)
    org = OrgClient(sandbox.connection())
    answers_of(delivery, lead_of(offset=3, company="Three"), lead_of(offset=4, update=("lead.rejected",)))
    [lead] = sandbox.live_records("Lead")
    late = delivery_to(sandbox, MAPPING).preview([lead_of("other", 1, company="One")])[0][0].values
    late = {name: value for name, value in late.items() if name != "Leadstream_Id__c"}
    org.write_collection("PATCH", "composite/sobjects", [{"attributes": {"type": "Lead"}, "id": lead["Id"], **late}])
    assert sandbox.live_records("Lead")[0]["Company"] == "One"
    assert [each.number.offset for each in delivery.repair_outdated_leads()] == [3, 4]
    [lead] = sandbox.live_records("Lead")
    assert (lead["Company"], lead["Status"]) == ("Three", "Closed - Not Converted")
    assert (lead["Leadstream_Number__c"], delivery.repair_outdated_leads()) == ("0/4/0", [])


def test_a_late_write_to_a_contact_is_repaired(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, MAPPING)
    [first] = answers_of(delivery, lead_of(last_name="One"))
    contact = sandbox.post("convert", lead=first.record)["contact"]
    answers_of(delivery, lead_of(offset=3, last_name="Three"))
    digests = {"LastName": value_digest("Two"), "Leadstream_Number__c": value_digest("0/2/0")}
    late = {"LastName": "Two", "Leadstream_Number__c": "0/2/0", "Leadstream_Written__c": digests_text(digests)}
    org = OrgClient(sandbox.connection())
    org.write_collection("PATCH", "composite/sobjects", [{"attributes": {"type": "Contact"}, "id": contact, **late}])
    assert [each.number.offset for each in delivery.repair_outdated_leads()] == [3]
    [row] = sandbox.live_records("Contact")
    assert (row["LastName"], row["Leadstream_Number__c"]) == ("Three", "0/3/0")


def test_a_preview_says_what_would_be_sent_and_sends_nothing(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, MAPPING), lead_of("bob", company="B"))
    before = len(writes_to(sandbox))
    batch = [lead_of("ada", 2, email="x"), lead_of("bob", 3, company="C"), lead_of("eve", 4, do_not_sync=True)]
    plans, stopped = delivery_to(sandbox, MAPPING).preview(batch)
    assert stopped == {}
    assert [(plan.sobject, plan.is_creation, plan.record_id) for plan in plans] == [
        ("Lead", True, None),
        ("Lead", False, first.record),
    ]
    assert plans[0].values["Leadstream_Id__c"] == "default/ada"
    assert (plans[1].values["Company"], "Status" in plans[1].values) == ("C", False)
    assert [note.field for note in plans[0].notes[batch[0].id]] == ["Email"]
    assert [(each.campaign, each.member_status) for each in plans[0].members] == [(SPRING, "Responded")]
    assert len(writes_to(sandbox)) == before


def test_a_contact_that_is_not_handed_over_any_more_is_not_repaired() -> None:
    newest = NewestHandOvers()
    newest.add(lead_of(offset=3))
    newest.add(lead_of(offset=4, do_not_sync=True))
    assert not newest
