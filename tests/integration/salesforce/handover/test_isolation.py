"""Nobody holds up anybody else: an account with a wrong mapping, a record that the org does not take."""

from __future__ import annotations

import pytest

from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.errors import TransientFailure
from streams.errors import SalesforceRefused
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of, writes_to
from tests.harness.salesforce.sandbox import SandboxClient

UPSERT = "composite/sobjects/Lead/"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"Plan__c": {"property": "plan"}}, "the Lead has no field Plan__c"),
        ({"company": {"value": "x"}}, "the Lead has no field company (there is Company)"),
        ({"IsConverted": {"value": True}}, "may not write IsConverted"),
        ({"Leadstream_Id__c": {"value": "x"}}, "written by Leadstream itself"),
    ],
)
def test_an_accounts_wrong_mapping_stops_that_account_only(
    sandbox: SandboxClient, fields: dict[str, object], reason: str
) -> None:
    delivery = delivery_to(sandbox, {"acme": mapping_of(fields), "default": mapping_of()})
    outcome = delivery.deliver([lead_of("bob", account="acme", plan="pro"), lead_of("ada")])
    assert [(each.handover.account, each.kind) for each in outcome.results] == [("default", "linked")]
    assert outcome.stopped.keys() == {"acme"}
    assert reason in outcome.stopped["acme"]
    assert [row["Leadstream_Id__c"] for row in sandbox.live_records("Lead")] == ["default/ada"]


def test_an_unmapped_field_that_the_org_needs_stops_the_account(sandbox: SandboxClient) -> None:
    sandbox.post("field", sobject="Lead", name="Plan__c", required=True)
    outcome = delivery_to(sandbox, mapping_of()).deliver([lead_of()])
    assert "the Lead needs Plan__c" in outcome.stopped["default"]


def test_a_mapping_goes_on_once_the_field_is_there(sandbox: SandboxClient) -> None:
    mapping = mapping_of({"Plan__c": {"property": "plan"}})
    assert delivery_to(sandbox, mapping).deliver([lead_of(plan="pro")]).stopped
    sandbox.post("field", sobject="Lead", name="Plan__c", length=20)
    answers_of(delivery_to(sandbox, mapping), lead_of(plan="pro"))
    assert sandbox.live_records("Lead")[0]["Plan__c"] == "pro"


def test_an_account_that_stands_still_costs_no_calls(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, mapping_of({"Plan__c": {"property": "plan"}}))
    delivery.deliver([lead_of(plan="pro")])
    before = len(sandbox.requests("services"))
    assert delivery.deliver([lead_of(plan="pro")]).stopped
    assert len(sandbox.requests("services")) == before


def test_a_field_taken_away_in_between_stops_its_account_only(sandbox: SandboxClient) -> None:
    sandbox.post("field", sobject="Lead", name="Plan__c", length=20)
    plan = mapping_of({"Plan__c": {"property": "plan"}})
    delivery = delivery_to(sandbox, {"acme": plan, "default": mapping_of()})
    answers_of(delivery, lead_of("bob", account="acme", plan="pro"))
    sandbox.post("field", sobject="Lead", name="Plan__c", remove=True)
    outcome = delivery.deliver([lead_of("eve", 2, account="acme", plan="pro"), lead_of("ada", 3)])
    assert [each.handover.contact for each in outcome.results] == ["ada"]
    assert "Plan__c" in outcome.stopped["acme"]


def test_an_org_without_our_key_field_is_not_ready_for_anybody(sandbox: SandboxClient) -> None:
    sandbox.post("field", sobject="Lead", name="Leadstream_Number__c", remove=True)
    with pytest.raises(SalesforceRefused, match="no field Leadstream_Number__c: create it"):
        delivery_to(sandbox, mapping_of()).deliver([lead_of()])


def test_a_record_that_is_locked_for_ever_is_pending_and_the_others_are_answered(sandbox: SandboxClient) -> None:
    sandbox.add_fault("lock_record", path=UPSERT, key="default/bob", times=-1)
    outcome = delivery_to(sandbox, mapping_of()).deliver([lead_of("ada"), lead_of("bob", 2), lead_of("eve", 3)])
    assert [each.handover.contact for each in outcome.results] == ["ada", "eve"]
    assert [(each.handover.contact, each.error.code) for each in outcome.pending] == [("bob", "UNABLE_TO_LOCK_ROW")]
    assert len(sandbox.live_records("CampaignMember")) == 2


def test_a_locked_record_that_exists_is_pending_too(sandbox: SandboxClient) -> None:
    first, _ = answers_of(delivery_to(sandbox, mapping_of()), lead_of("bob"), lead_of("ada", 2))
    sandbox.add_fault("lock_record", path="composite/sobjects", key=first.record, times=-1)
    outcome = delivery_to(sandbox, mapping_of()).deliver([lead_of("bob", 3), lead_of("ada", 4)])
    assert [each.handover.contact for each in outcome.results] == ["ada"]
    assert [each.handover.contact for each in outcome.pending] == ["bob"]


def test_an_unknown_exception_of_one_record_is_its_own(sandbox: SandboxClient) -> None:
    sandbox.add_fault("record_error", key="default/bob", code="UNKNOWN_EXCEPTION", message="boom", times=-1)
    outcome = delivery_to(sandbox, mapping_of()).deliver([lead_of("ada"), lead_of("bob", 2), lead_of("eve", 3)])
    assert [each.handover.contact for each in outcome.results] == ["ada", "eve"]
    assert [(each.handover.contact, each.error.code) for each in outcome.pending] == [("bob", "UNKNOWN_EXCEPTION")]


def test_a_membership_that_is_locked_is_made_later_and_the_lead_is_not_written_again(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    [first] = answers_of(delivery, lead_of(campaign=None))
    sandbox.add_fault("lock_record", method="POST", path="composite/sobjects", key=first.record)
    outcome = delivery.deliver([lead_of(offset=2)])
    assert [each.error.code for each in outcome.pending] == ["UNABLE_TO_LOCK_ROW"]
    before = len(writes_to(sandbox))
    [answer] = answers_of(delivery, lead_of(offset=2))
    assert (answer.member is not None, len(writes_to(sandbox))) == (True, before + 1)


def test_a_duplicate_rule_that_blocks_is_an_answer_for_its_record(sandbox: SandboxClient) -> None:
    sandbox.post("record", type="Lead", LastName="Known", Company="K", Email="bob@example.com")
    sandbox.post("duplicate_rule", action="block", fields=["Email"])
    batch = [lead_of("ada", email="ada@example.com"), lead_of("bob", 2, email="bob@example.com")]
    good, refused = answers_of(delivery_to(sandbox, mapping_of()), *batch)
    assert (good.kind, refused.kind, refused.code) == ("linked", "failed", "DUPLICATES_DETECTED")
    assert "a duplicate rule of the org blocks the record" in refused.message


def test_a_key_on_a_record_that_one_cannot_see_is_pending_with_a_plain_message(sandbox: SandboxClient) -> None:
    row = sandbox.post("record", type="Lead", LastName="X", Company="Y", Leadstream_Id__c="default/bob")
    sandbox.post("restrict", id=row["Id"], access="none")
    outcome = delivery_to(sandbox, mapping_of()).deliver([lead_of("ada"), lead_of("bob", 2)])
    assert [each.handover.contact for each in outcome.results] == ["ada"]
    [pending] = outcome.pending
    assert pending.error.code == "DUPLICATE_VALUE"
    assert "a record that the integration user cannot see has the contact's key" in pending.error.safe_message
    assert len(sandbox.requests(UPSERT)) == 1


def test_a_lead_that_may_only_be_read_is_refused_alone(sandbox: SandboxClient) -> None:
    first, _ = answers_of(delivery_to(sandbox, mapping_of()), lead_of("bob"), lead_of("ada", 2))
    sandbox.post("restrict", id=first.record, access="read")
    refused, good = answers_of(delivery_to(sandbox, mapping_of()), lead_of("bob", 3), lead_of("ada", 4))
    assert (refused.kind, refused.code, good.kind) == ("failed", "INSUFFICIENT_ACCESS_OR_READONLY", "linked")


def test_a_lead_converted_between_look_and_write_ends_at_its_contact(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, mapping_of()), lead_of())
    delivery = delivery_to(sandbox, mapping_of())
    converting = delivery._plan

    def plan_then_convert(batch: object) -> object:
        plans = converting(batch)  # type: ignore[arg-type]
        if not sandbox.live_records("Contact"):
            sandbox.post("convert", lead=first.record)
        return plans

    delivery._plan = plan_then_convert  # type: ignore[method-assign, assignment]
    [answer] = answers_of(delivery, lead_of(offset=2, last_name="King"))
    assert (answer.record, sandbox.live_records("Contact")[0]["LastName"]) == (first.record, "King")


def test_a_fault_of_every_request_is_the_orgs(sandbox: SandboxClient) -> None:
    sandbox.add_fault("error_after_commit", path="composite", times=-1)
    with pytest.raises(TransientFailure):
        delivery_to(sandbox, mapping_of()).deliver([lead_of(f"c{number}", number) for number in range(40)])
    assert len(writes_to(sandbox)) < 40


def test_a_request_that_cannot_be_written_as_a_whole_is_halved(sandbox: SandboxClient) -> None:
    sandbox.add_fault("row_lock", path=UPSERT, times=4)
    answers = answers_of(delivery_to(sandbox, mapping_of()), *(lead_of(f"c{n}", n) for n in range(16)))
    assert {each.kind for each in answers} == {"linked"}
    assert len(sandbox.live_records("Lead")) == 16


def test_a_request_stays_below_a_million_bytes(sandbox: SandboxClient) -> None:
    mapping = mapping_of({"Description": {"property": "text"}})
    batch = [lead_of(f"c{number}", number, campaign=None, text="x" * 30_000) for number in range(70)]
    answers_of(delivery_to(sandbox, mapping), *batch)
    sizes = [len(entry["body"]["records"]) for entry in sandbox.requests(UPSERT)]
    assert sum(sizes) == 70
    assert max(sizes) <= 33


def test_a_query_fits_into_an_address_of_16384_characters(sandbox: SandboxClient) -> None:
    org = OrgClient(sandbox.connection())
    assert org.query_in_batches("SELECT Id FROM Lead WHERE Leadstream_Id__c IN {}", ["ü" * 80] * 200) == []
    queries = sandbox.requests("queryAll")
    assert 2 < len(queries) < 20


def test_a_record_of_another_crm_that_a_lead_is_linked_to_holds_up_nobody(sandbox: SandboxClient) -> None:
    batch = [lead_of("ada", record="hs-123"), lead_of("bob", 2, record="00Q5A00000000é"), lead_of("eve", 3)]
    answers = answers_of(delivery_to(sandbox, mapping_of()), *batch)
    assert [each.kind for each in answers] == ["linked", "linked", "linked"]
    assert {row["Leadstream_Id__c"] for row in sandbox.live_records("Lead")} == {
        f"default/{each.contact}" for each in batch
    }
