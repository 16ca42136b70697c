"""What people typed in Salesforce stays: which fields a hand-over writes, against the stand-in org."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.salesforce.handovers import NAMES, answers_of, delivery_to, lead_of, mapping_of, writes_to
from tests.harness.salesforce.sandbox import AUTUMN, SandboxClient


def test_a_later_hand_over_keeps_the_names_that_sales_typed(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(email="ada@example.com"))
    sandbox.post("edit", type="Lead", id=first.record, Company="Real Company Ltd", LastName="Smith")
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=5, campaign=AUTUMN, email="ada@example.com"))
    [lead] = sandbox.live_records("Lead")
    assert (lead["Company"], lead["LastName"], lead["Leadstream_Number__c"]) == ("Real Company Ltd", "Smith", "0/5/0")
    assert len(sandbox.live_records("CampaignMember")) == 2


def test_the_contact_of_a_converted_lead_keeps_them_too(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    contact = sandbox.post("convert", lead=first.record)["contact"]
    sandbox.post("edit", type="Contact", id=contact, LastName="Smith")
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=5, campaign=AUTUMN))
    [row] = sandbox.live_records("Contact")
    assert (row["LastName"], row["Leadstream_Number__c"], row["Leadstream_Id__c"]) == (
        "Smith",
        "0/5/0",
        "default/ada",
    )
    [answer] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=7, last_name="King"))
    assert sandbox.live_records("Contact")[0]["LastName"] == "King"
    assert (answer.record, answer.notes) == (first.record, ())


@pytest.mark.parametrize(
    ("value", "typed"), [("Working - Contacted", "Closed - Not Converted"), ("Open - Not Contacted", "Mine")]
)
def test_a_fixed_value_does_not_reset_what_a_person_set(sandbox: SandboxClient, value: str, typed: str) -> None:
    fields = {"Status": {"value": value}, "OwnerId": {"value": "0055A000000000CQAQ"}}
    [first] = answers_of(delivery_to(sandbox, mapping_of(fields)), lead_of())
    [lead] = sandbox.live_records("Lead")
    assert (lead["Status"], lead["OwnerId"]) == (value, "0055A000000000CQAQ")
    sandbox.post("edit", type="Lead", id=first.record, Status=typed, OwnerId="0055A000000000DQAQ")
    answers_of(delivery_to(sandbox, mapping_of(fields)), lead_of(offset=5))
    [lead] = sandbox.live_records("Lead")
    assert (lead["Status"], lead["OwnerId"]) == (typed, "0055A000000000DQAQ")


def test_always_writes_only_when_our_value_changes(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(company="Acme"))
    sandbox.post("edit", type="Lead", id=first.record, Company="Acme Holding")
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=2, company="Acme"))
    assert sandbox.live_records("Lead")[0]["Company"] == "Acme Holding"
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=3, company="Acme GmbH"))
    assert sandbox.live_records("Lead")[0]["Company"] == "Acme GmbH"


def test_empty_fills_only_an_empty_field(sandbox: SandboxClient) -> None:
    fields = {"Phone": {"property": "phone", "write": "empty"}, "Title": {"property": "title", "write": "empty"}}
    [first] = answers_of(delivery_to(sandbox, mapping_of(fields)), lead_of(phone="1"))
    sandbox.post("edit", type="Lead", id=first.record, Phone="999")
    answers_of(delivery_to(sandbox, mapping_of(fields)), lead_of(offset=2, phone="2", title="CTO"))
    [lead] = sandbox.live_records("Lead")
    assert (lead["Phone"], lead["Title"]) == ("999", "CTO")
    sandbox.post("edit", type="Lead", id=first.record, Phone=None)
    answers_of(delivery_to(sandbox, mapping_of(fields)), lead_of(offset=3, phone="3"))
    assert sandbox.live_records("Lead")[0]["Phone"] == "3"


def test_create_is_written_once_and_a_property_without_value_blanks_nothing(sandbox: SandboxClient) -> None:
    fields = {"Title": {"property": "title", "write": "create"}}
    answers_of(delivery_to(sandbox, mapping_of(fields)), lead_of(title="CTO", email="a@b.example"))
    answers_of(delivery_to(sandbox, mapping_of(fields)), lead_of(offset=2, title="CEO"))
    [lead] = sandbox.live_records("Lead")
    assert (lead["Title"], lead["Email"]) == ("CTO", "a@b.example")


def test_a_default_is_never_written_on_a_lead_that_exists(sandbox: SandboxClient) -> None:
    answers_of(delivery_to(sandbox, mapping_of()), lead_of(company="Acme"))
    title = {"Title": {"property": "title", "default": "unknown", "write": "always"}}
    answers_of(delivery_to(sandbox, mapping_of(title)), lead_of(offset=2))
    [lead] = sandbox.live_records("Lead")
    assert (lead["Title"], lead["Company"]) == (None, "Acme")


def test_a_lead_of_the_former_release_keeps_its_values_until_ours_change(sandbox: SandboxClient) -> None:
    former = {"Leadstream_Id__c": "default/ada", "Leadstream_Number__c": "0/1/0", "Company": "Real", "LastName": "S"}
    sandbox.post("record", type="Lead", **former)
    delivery = delivery_to(sandbox, mapping_of())
    answers_of(delivery, lead_of(offset=2, company="Acme", last_name="Smith", email="s@a.example"))
    [lead] = sandbox.live_records("Lead")
    assert (lead["Company"], lead["LastName"], lead["Email"]) == ("Real", "S", "s@a.example")
    answers_of(delivery, lead_of(offset=3, company="Acme Ltd", last_name="Smith", email="s@a.example"))
    [lead] = sandbox.live_records("Lead")
    assert (lead["Company"], lead["LastName"]) == ("Acme Ltd", "S")


def test_a_contact_without_our_fields_gets_only_empty_ones_and_the_answer_says_so(sandbox: SandboxClient) -> None:
    for name in ("Id", "Number", "Campaign", "Written"):
        sandbox.post("field", sobject="Contact", name=f"Leadstream_{name}__c", remove=True)
    fields = {"Title": {"property": "title"}}
    [first] = answers_of(delivery_to(sandbox, mapping_of(fields)), lead_of(last_name="Ada"))
    sandbox.post("convert", lead=first.record)
    delivery = delivery_to(sandbox, mapping_of(fields))
    [answer] = answers_of(delivery, lead_of(offset=2, last_name="King", title="CTO"))
    [contact] = sandbox.live_records("Contact")
    assert (contact["LastName"], contact["Title"]) == ("Ada", "CTO")
    [note] = answer.notes
    assert (note.field, note.note) == ("Leadstream_Written__c", "left_out")
    assert "the Contact has no such field" in note.reason


def test_several_hand_overs_in_one_batch_come_to_the_same_as_one_after_the_other(sandbox: SandboxClient) -> None:
    fields = {"Title": {"property": "title", "write": "empty"}, "Phone": {"property": "phone", "write": "create"}}
    batch = [
        lead_of(offset=3, title="CEO", company="Third"),
        lead_of(offset=1, title="CTO", phone="1", company="First"),
        lead_of(offset=2, phone="2", last_name="Two"),
    ]
    answers_of(delivery_to(sandbox, mapping_of(fields)), *batch)
    [lead] = sandbox.live_records("Lead")
    assert (lead["Title"], lead["Phone"], lead["Company"], lead["LastName"]) == ("CTO", "1", "Third", "Two")
    assert lead["Leadstream_Number__c"] == "0/3/0"


def test_values_are_made_to_fit_and_the_answer_says_what_did_not(sandbox: SandboxClient) -> None:
    fields = {
        "NumberOfEmployees": {"property": "size"},
        "AnnualRevenue": {"property": "revenue"},
        "City": {"property": "city"},
        "CleanStatus": {"property": "clean"},
        "HasOptedOutOfEmail": {"property": "opted_out"},
        "Website": {"property": "site"},
    }
    delivery = delivery_to(sandbox, mapping_of(fields))
    values: dict[str, Any] = {
        "size": "about 50",
        "revenue": "1200.75",
        "city": "x" * 60,
        "clean": "matched",
        "opted_out": "yes",
    }
    [answer] = answers_of(delivery, lead_of(email="not one", site="http://" + "y" * 300, **values))
    [lead] = sandbox.live_records("Lead")
    assert (lead["NumberOfEmployees"], lead["AnnualRevenue"], lead["City"]) == (None, 1201.0, "x" * 40)
    assert (lead["CleanStatus"], lead["HasOptedOutOfEmail"], lead["Website"]) == ("Matched", True, None)
    assert {(each.field, each.note) for each in answer.notes} == {
        ("NumberOfEmployees", "left_out"),
        ("AnnualRevenue", "cut"),
        ("City", "cut"),
        ("Email", "left_out"),
        ("Website", "left_out"),
    }
    event = answer.to_event("2026-03-01T10:00:00Z")
    assert event["notes"][0].keys() == {"field", "note", "reason"}
    assert "about 50" not in str(event)
    assert "not one" not in str(event)


def test_days_are_those_of_the_accounts_time_zone(sandbox: SandboxClient) -> None:
    sandbox.post("field", sobject="Lead", name="Signed__c", type="date")
    sandbox.post("field", sobject="Lead", name="Seen__c", type="datetime")
    fields = {"Signed__c": {"property": "signed"}, "Seen__c": {"property": "seen"}}
    delivery = delivery_to(sandbox, mapping_of(fields), time_zone=lambda _: "America/New_York")
    answers_of(delivery, lead_of(signed="2026-03-01T02:00:00Z", seen="2026-03-01"))
    [lead] = sandbox.live_records("Lead")
    assert (lead["Signed__c"], lead["Seen__c"]) == ("2026-02-28", "2026-03-01T05:00:00.000+0000")


def test_the_same_hand_over_again_writes_nothing_and_one_that_changes_nothing_only_its_number(
    sandbox: SandboxClient,
) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    answers_of(delivery, lead_of(campaign=None, company="Acme"))
    before = len(writes_to(sandbox))
    answers_of(delivery, lead_of(campaign=None, company="Acme"))
    assert len(writes_to(sandbox)) == before
    answers_of(delivery, lead_of(offset=2, campaign=None, company="Acme"))
    [record] = writes_to(sandbox)[-1]["body"]["records"]
    written = {"Leadstream_Number__c", "Leadstream_Campaign__c", "Leadstream_Written__c"}
    assert record.keys() - {"attributes", "id"} == written
    assert set(NAMES) & record.keys() == set()
