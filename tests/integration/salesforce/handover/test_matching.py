"""People whom the org knows already are linked by their e-mail address, and linked records follow merges."""

from __future__ import annotations

from typing import Any

from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of
from tests.harness.salesforce.sandbox import AUTUMN, SandboxClient

MATCHING = mapping_of(match=["email"])


def add(sandbox: SandboxClient, sobject: str = "Lead", **fields: Any) -> str:
    company = {"Company": "Known Ltd"} if sobject == "Lead" else {}
    return str(sandbox.post("record", type=sobject, **{"LastName": "Known", **company, **fields})["Id"])


def merge(sandbox: SandboxClient, master: str, *losers: str, sobject: str = "Lead", **fields: Any) -> None:
    sandbox.post("merge", type=sobject, master=master, losers=list(losers), fields=fields)


# --- matching ---


def test_without_match_a_known_person_is_a_new_lead(sandbox: SandboxClient) -> None:
    add(sandbox, Email="ada@example.com")
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(email="ada@example.com"))
    assert len(sandbox.live_records("Lead")) == 2


def test_a_lead_with_the_address_is_linked_in_whatever_case_and_gets_no_default(sandbox: SandboxClient) -> None:
    known = add(sandbox, Email="Ada@Example.com")
    [answer] = answers_of(delivery_to(sandbox, MATCHING), lead_of(email="ada@example.COM ", last_name="Lovelace"))
    assert (answer.kind, answer.record) == ("linked", known)
    [lead] = sandbox.live_records("Lead")
    assert lead["Leadstream_Id__c"] == "default/ada"
    assert (lead["LastName"], lead["Company"]) == ("Lovelace", "Known Ltd")
    assert sandbox.live_records("CampaignMember")[0]["LeadId"] == known


def test_of_several_leads_the_most_recently_modified_open_one_is_linked(sandbox: SandboxClient) -> None:
    older = add(sandbox, Email="ada@example.com")
    sandbox.post("clock", advance=10)
    newer = add(sandbox, Email="ada@example.com")
    sandbox.post("clock", advance=10)
    converted = add(sandbox, Email="ada@example.com")
    sandbox.post("convert", lead=converted)
    deleted = add(sandbox, Email="ada@example.com")
    sandbox.post("delete", type="Lead", id=deleted)
    [answer] = answers_of(delivery_to(sandbox, MATCHING), lead_of(email="ada@example.com"))
    assert answer.record == newer != older


def test_a_contact_is_linked_where_no_open_lead_has_the_address(sandbox: SandboxClient) -> None:
    known = add(sandbox, "Contact", Email="ada@example.com")
    delivery = delivery_to(sandbox, MATCHING)
    [answer] = answers_of(delivery, lead_of(email="ada@example.com", last_name="Lovelace"))
    [contact] = sandbox.live_records("Contact")
    assert (answer.record, contact["Leadstream_Id__c"], contact["LastName"]) == (known, "default/ada", "Lovelace")
    assert sandbox.live_records("CampaignMember")[0]["ContactId"] == known
    # A worker that has just started finds it by its key, whatever address the contact has by then.
    [again] = answers_of(delivery_to(sandbox, MATCHING), lead_of(offset=2, email="other@example.com"))
    assert (again.record, sandbox.live_records("Lead")) == (known, [])


def test_a_lead_is_linked_before_a_contact_with_the_same_address(sandbox: SandboxClient) -> None:
    lead = add(sandbox, Email="ada@example.com")
    sandbox.post("clock", advance=10)
    add(sandbox, "Contact", Email="ada@example.com")
    [answer] = answers_of(delivery_to(sandbox, MATCHING), lead_of(email="ada@example.com"))
    assert answer.record == lead
    assert [row["Leadstream_Id__c"] for row in sandbox.live_records("Contact")] == [None]


def test_a_linked_contact_is_found_by_the_leads_record_where_matching_was_switched_off(
    sandbox: SandboxClient,
) -> None:
    known = add(sandbox, "Contact", Email="ada@example.com")
    answers_of(delivery_to(sandbox, MATCHING), lead_of(email="ada@example.com"))
    delivery = delivery_to(sandbox, mapping_of())
    [answer] = answers_of(delivery, lead_of(offset=2, record=known, email="new@example.com"))
    assert (answer.record, sandbox.live_records("Contact")[0]["Email"]) == (known, "new@example.com")
    assert sandbox.live_records("Lead") == []


def test_a_record_that_carries_another_contacts_key_is_not_linked(sandbox: SandboxClient) -> None:
    add(sandbox, Email="office@example.com", Leadstream_Id__c="default/bob")
    [answer] = answers_of(delivery_to(sandbox, MATCHING), lead_of(email="office@example.com"))
    keys = {row["Id"]: row["Leadstream_Id__c"] for row in sandbox.live_records("Lead")}
    assert keys[answer.record or ""] == "default/ada"
    assert len(keys) == 2


def test_several_contacts_with_one_address_in_a_batch_link_each_record_once(sandbox: SandboxClient) -> None:
    one = add(sandbox, Email="office@example.com")
    sandbox.post("clock", advance=10)
    two = add(sandbox, Email="office@example.com")
    batch = [lead_of(name, offset, email="office@example.com") for offset, name in enumerate(("ada", "bob", "eve"))]
    answers = answers_of(delivery_to(sandbox, MATCHING), *batch)
    assert [each.record for each in answers[:2]] == [two, one]
    assert answers[2].record not in (one, two)
    assert len(sandbox.live_records("Lead")) == 3


def test_a_matched_record_is_linked_again_after_an_answer_that_was_lost(sandbox: SandboxClient) -> None:
    known = add(sandbox, Email="ada@example.com")
    sandbox.add_fault("drop_after_commit", path="composite/sobjects")
    [answer] = answers_of(delivery_to(sandbox, MATCHING), lead_of(email="ada@example.com"))
    assert (answer.record, len(sandbox.live_records("Lead"))) == (known, 1)


def test_a_matched_record_gets_empty_fields_only_where_they_are_empty(sandbox: SandboxClient) -> None:
    add(sandbox, Email="ada@example.com", Phone="999")
    fields = {
        "Phone": {"property": "phone", "write": "empty"},
        "Title": {"property": "title", "write": "empty"},
        "Status": {"value": "Working - Contacted"},
    }
    mapping = mapping_of(fields, match=["email"])
    answers_of(delivery_to(sandbox, mapping), lead_of(email="ada@example.com", phone="1", title="CTO"))
    [lead] = sandbox.live_records("Lead")
    assert (lead["Phone"], lead["Title"], lead["Status"]) == ("999", "CTO", "Open - Not Contacted")


# --- merges ---


def test_a_merged_lead_leads_to_the_survivor_which_gets_our_key(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    survivor = add(sandbox)
    merge(sandbox, survivor, first.record or "")
    [answer] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2, campaign=AUTUMN, company="Acme"))
    [lead] = sandbox.live_records("Lead")
    assert (answer.kind, answer.record) == ("linked", survivor)
    assert (lead["Leadstream_Id__c"], lead["Company"]) == ("default/ada", "Acme")
    assert {row["LeadId"] for row in sandbox.live_records("CampaignMember")} == {survivor}


def test_the_survivor_keeps_what_sales_typed_until_our_value_changes(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(company="Acme", last_name="Ada"))
    survivor = add(sandbox)
    merge(sandbox, survivor, first.record or "")
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2, company="Acme", last_name="King"))
    [lead] = sandbox.live_records("Lead")
    assert (lead["Id"], lead["Company"], lead["LastName"]) == (survivor, "Known Ltd", "King")


def test_a_merge_of_a_merge_that_was_converted_leads_to_the_contact(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    second, third = add(sandbox), add(sandbox)
    merge(sandbox, second, first.record or "")
    merge(sandbox, third, second)
    contact = sandbox.post("convert", lead=third)["contact"]
    [answer] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2, campaign=AUTUMN, last_name="King"))
    assert (answer.kind, answer.record) == ("linked", third)
    [row] = sandbox.live_records("Contact")
    assert (row["Id"], row["LastName"], row["Leadstream_Id__c"]) == (contact, "King", "default/ada")


def test_a_merged_contact_leads_to_its_survivor(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    contact = sandbox.post("convert", lead=first.record)["contact"]
    survivor = add(sandbox, "Contact")
    merge(sandbox, survivor, contact, sobject="Contact")
    [answer] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2, campaign=AUTUMN, last_name="King"))
    [row] = sandbox.live_records("Contact")
    assert (answer.record, row["Id"], row["LastName"]) == (first.record, survivor, "King")


def test_a_matched_contact_that_was_merged_leads_to_its_survivor(sandbox: SandboxClient) -> None:
    known = add(sandbox, "Contact", Email="ada@example.com")
    answers_of(delivery_to(sandbox, MATCHING), lead_of(email="ada@example.com"))
    survivor = add(sandbox, "Contact")
    merge(sandbox, survivor, known, sobject="Contact")
    [answer] = answers_of(delivery_to(sandbox, MATCHING), lead_of(offset=2, email="ada@example.com"))
    assert (answer.kind, answer.record) == ("linked", survivor)


def test_two_of_our_contacts_merged_keep_the_survivors_own_values(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    ada, bob = answers_of(delivery, lead_of("ada", company="A"), lead_of("bob", company="B"))
    merge(sandbox, bob.record or "", ada.record or "")
    [answer] = answers_of(
        delivery_to(sandbox, mapping_of()), lead_of("ada", 2, campaign=AUTUMN, company="Changed", last_name="Ada")
    )
    [lead] = sandbox.live_records("Lead")
    assert (answer.kind, answer.record, lead["Company"]) == ("linked", bob.record, "B")
    assert lead["Leadstream_Id__c"] == "default/bob"
    assert [note.note for note in answer.notes] == ["left_out"]
    assert AUTUMN in {row["CampaignId"] for row in sandbox.live_records("CampaignMember")}


def test_two_of_our_contacts_merged_into_a_third_record_make_it_the_first_ones(sandbox: SandboxClient) -> None:
    ada, bob = answers_of(delivery_to(sandbox, mapping_of()), lead_of("ada"), lead_of("bob"))
    survivor = add(sandbox)
    merge(sandbox, survivor, ada.record or "", bob.record or "")
    batch = [lead_of("ada", 2, last_name="Ada"), lead_of("bob", 3, last_name="Bob")]
    answers = answers_of(delivery_to(sandbox, mapping_of()), *batch)
    assert {each.record for each in answers} == {survivor}
    [lead] = sandbox.live_records("Lead")
    assert (lead["Leadstream_Id__c"], lead["LastName"]) == ("default/ada", "Ada")


def test_a_survivor_that_was_deleted_is_reported(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    survivor = add(sandbox)
    merge(sandbox, survivor, first.record or "")
    sandbox.post("delete", type="Lead", id=survivor)
    [answer] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2))
    assert (answer.kind, answer.code, answer.record) == ("failed", "deleted_in_crm", survivor)
    assert sandbox.live_records("Lead") == []


def test_a_contact_deleted_after_conversion_is_reported(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    contact = sandbox.post("convert", lead=first.record)["contact"]
    sandbox.post("delete", type="Contact", id=contact)
    [answer] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2))
    assert (answer.kind, answer.code, answer.record) == ("failed", "deleted_in_crm", first.record)


def test_an_address_that_no_lead_can_have_holds_up_nobody(sandbox: SandboxClient) -> None:
    known = add(sandbox, Email="eve@example.com")
    endless = f"{'a' * 20_000}@example.com"
    answers = answers_of(
        delivery_to(sandbox, MATCHING), lead_of(email=endless), lead_of("eve", 2, email="eve@example.com")
    )
    assert [each.kind for each in answers] == ["linked", "linked"]
    assert answers[1].record == known


def test_contacts_whose_address_is_hidden_are_not_matched(sandbox: SandboxClient) -> None:
    add(sandbox, "Contact", Email="ada@example.com")
    sandbox.post("field", sobject="Contact", name="Email", remove=True)
    [answer] = answers_of(delivery_to(sandbox, MATCHING), lead_of(email="ada@example.com"))
    assert answer.record == sandbox.live_records("Lead")[0]["Id"]
