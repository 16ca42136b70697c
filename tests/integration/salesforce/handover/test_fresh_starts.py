"""Topics begun anew beside an org that has our records already, and an org begun anew beside topics that know ids."""

from __future__ import annotations

from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of
from tests.harness.salesforce.sandbox import SandboxClient


def test_a_journal_begun_anew_says_that_it_changes_nothing_until_the_former_numbers_are_cleared(
    sandbox: SandboxClient,
) -> None:
    [former] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(offset=900, last_name="Ada", company="Engines"))
    sandbox.post("edit", type="Lead", id=former.record, Company="Real Company Ltd")
    anew = delivery_to(sandbox, mapping_of())
    [answer] = answers_of(anew, lead_of(offset=1, last_name="Lovelace", company="Engines"))
    assert (answer.kind, answer.record) == ("linked", former.record)
    told = [(note.field, note.note, "later hand-over" in note.reason) for note in answer.notes]
    assert told == [("Leadstream_Number__c", "left_out", True)]
    [lead] = sandbox.live_records("Lead")
    assert lead["LastName"] == "Ada"

    sandbox.post("edit", type="Lead", id=former.record, Leadstream_Number__c=None)
    [answer] = answers_of(anew, lead_of(offset=2, last_name="Lovelace", company="Engines"))
    assert not answer.notes
    [lead] = sandbox.live_records("Lead")
    assert (lead["LastName"], lead["Company"]) == ("Lovelace", "Real Company Ltd")


def test_in_another_org_a_contact_is_deleted_until_a_record_there_carries_its_key(sandbox: SandboxClient) -> None:
    [former] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(last_name="Ada"))
    sandbox.post("reset")
    elsewhere = delivery_to(sandbox, mapping_of())
    later = lead_of(offset=2, record=former.record, last_name="Lovelace")
    [refused] = answers_of(elsewhere, later)
    assert (refused.kind, refused.code) == ("failed", "deleted_in_crm")
    assert not sandbox.live_records("Lead")

    # As a data import makes it.
    made = sandbox.post("record", type="Lead", LastName="Ada", Company="Engines", Leadstream_Id__c=later.key)
    [answer] = answers_of(elsewhere, lead_of(offset=2, record=former.record, last_name="Lovelace", retry=1))
    assert (answer.kind, answer.record) == ("linked", made["Id"])
    [lead] = sandbox.live_records("Lead")
    assert (lead["LastName"], lead["Id"]) == ("Lovelace", answer.record)
