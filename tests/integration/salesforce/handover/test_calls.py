"""How many calls hand-overs take, and which of them run assignment rules."""

from __future__ import annotations

import pytest

from connectors.salesforce.handover.handover_records import HandOverResult
from schemas.definitions import Salesforce
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of, writes_to
from tests.harness.salesforce.sandbox import AUTUMN, SandboxClient

UPSERT = "composite/sobjects/Lead/"


def calls_of(sandbox: SandboxClient, path: str) -> int:
    return len(sandbox.requests(path))


def test_a_thousand_new_contacts_take_ten_writes_and_three_looks(sandbox: SandboxClient) -> None:
    batch = [lead_of(f"contact-{number:04}", number) for number in range(1000)]
    answers_of(delivery_to(sandbox, mapping_of()), *batch)
    assert len(writes_to(sandbox)) == 10
    # Lead is described once, the member statuses are read once.
    looks = calls_of(sandbox, "queryAll") - 1
    assert (looks, calls_of(sandbox, "describe")) == (3, 1)
    assert len(sandbox.live_records("CampaignMember")) == 1000


def test_five_batches_of_200_take_ten_writes_and_five_looks(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    for start in range(0, 1000, 200):
        answers_of(delivery, *(lead_of(f"contact-{number:04}", number) for number in range(start, start + 200)))
    assert len(writes_to(sandbox)) == 10
    assert (calls_of(sandbox, "queryAll") - 1, calls_of(sandbox, "describe")) == (5, 1)


def test_known_contacts_in_a_new_campaign_take_one_update_and_one_request_of_members(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    answers_of(delivery, *(lead_of(f"c{number}", number) for number in range(200)))
    before = len(sandbox.requests("services/data"))
    answers_of(delivery, *(lead_of(f"c{number}", 1000 + number, campaign=AUTUMN) for number in range(200)))
    # A look, an update, the members, and the member statuses of the new campaign.
    assert len(sandbox.requests("services/data")) - before == 4


def test_open_leads_and_contacts_are_changed_in_one_request(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    answers = answers_of(delivery, *(lead_of(f"c{number}", number) for number in range(10)))
    for answer in answers[::2]:
        sandbox.post("convert", lead=answer.record)
    before = len(writes_to(sandbox))
    answers_of(
        delivery, *(lead_of(f"c{number}", 100 + number, last_name="New", campaign=None) for number in range(10))
    )
    [update] = writes_to(sandbox)[before:]
    types = [record["attributes"]["type"] for record in update["body"]["records"]]
    assert types == ["Lead"] * 5 + ["Contact"] * 5
    assert {row["LastName"] for row in sandbox.live_records("Contact")} == {"New"}


def test_locks_and_lost_answers_add_less_than_a_fifth_of_the_calls(sandbox: SandboxClient) -> None:
    sandbox.add_fault("lock_record", path="composite", times=-1, probability=0.02, seed=3)
    sandbox.add_fault("drop_after_commit", path="services/data", times=-1, probability=0.01, seed=4)
    delivery = delivery_to(sandbox, mapping_of())
    waiting = [lead_of(f"contact-{number:04}", number) for number in range(4000)]
    answered: list[HandOverResult] = []
    while waiting:
        # A record that was locked goes along with the next ones, as the process does it.
        outcome = delivery.deliver(waiting[:200])
        answered.extend(outcome.results)
        waiting = [*(each.handover for each in outcome.pending), *waiting[200:]]
    assert {each.kind for each in answered} == {"linked"}
    assert len({each.handover.id for each in answered}) == len(answered) == 4000
    assert len(sandbox.live_records("Lead")) == len(sandbox.live_records("CampaignMember")) == 4000
    ideal = 3 * 4000 // 200
    assert ideal < calls_of(sandbox, "services/data") < 1.2 * ideal


def test_a_contact_that_must_not_be_handed_over_takes_no_call(sandbox: SandboxClient) -> None:
    [answer] = answers_of(delivery_to(sandbox, mapping_of()), lead_of(do_not_sync=True))
    assert (answer.kind, answer.code) == ("failed", "do_not_sync")
    assert sandbox.requests("services") == []


def test_nothing_known_means_no_look_for_outdated_leads(sandbox: SandboxClient) -> None:
    assert delivery_to(sandbox, mapping_of()).repair_outdated_leads() == []
    assert sandbox.requests("services") == []


def test_only_fields_that_are_written_while_empty_are_read(sandbox: SandboxClient) -> None:
    fields = {"Phone": {"property": "phone", "write": "empty"}, "Description": {"property": "text"}}
    delivery = delivery_to(sandbox, mapping_of(fields))
    for offset in (1, 2):
        answers_of(delivery, lead_of(offset=offset, phone="1", text="a long one"))
    looks = [each["query"]["q"] for each in sandbox.requests("queryAll") if "FROM Lead" in each["query"]["q"]]
    assert len(looks) == 2
    assert all("Phone" in each and "Description" not in each and "Company" not in each for each in looks)


# --- assignment ---


def assignments_of(mapping: Salesforce, sandbox: SandboxClient, *contacts: str) -> list[str]:
    answers_of(delivery_to(sandbox, mapping), *(lead_of(each, number) for number, each in enumerate(contacts)))
    return [str(each["owner"] if "owner" in each else each["OwnerId"]) for each in sandbox.get("assignments")]


def test_new_leads_meet_no_assignment_rule_by_default(sandbox: SandboxClient) -> None:
    sandbox.post("assignment_rule", owner="0055A000000000RQAQ")
    assert assignments_of(mapping_of(), sandbox, "ada") == []


def test_assign_runs_the_active_rule_at_creation_only(sandbox: SandboxClient) -> None:
    sandbox.post("assignment_rule", owner="0055A000000000RQAQ")
    delivery = delivery_to(sandbox, mapping_of(assign=True))
    [answer] = answers_of(delivery, lead_of())
    assert [row["OwnerId"] for row in sandbox.live_records("Lead")] == ["0055A000000000RQAQ"]
    sandbox.post("edit", type="Lead", id=answer.record, OwnerId="0055A000000000SQAQ")
    answers_of(delivery, lead_of(offset=2, last_name="Changed"))
    [lead] = sandbox.live_records("Lead")
    assert (lead["OwnerId"], lead["LastName"], len(sandbox.get("assignments"))) == (
        "0055A000000000SQAQ",
        "Changed",
        1,
    )


def test_assign_names_a_rule_by_its_id(sandbox: SandboxClient) -> None:
    rule = sandbox.post("assignment_rule", owner="0055A000000000TQAQ", active=False)["Id"]
    answers_of(delivery_to(sandbox, mapping_of(assign=rule)), lead_of())
    assert [row["OwnerId"] for row in sandbox.live_records("Lead")] == ["0055A000000000TQAQ"]


def test_accounts_that_assign_differently_are_created_in_requests_of_their_own(sandbox: SandboxClient) -> None:
    sandbox.post("assignment_rule", owner="0055A000000000RQAQ")
    delivery = delivery_to(sandbox, {"acme": mapping_of(assign=True), "default": mapping_of()})
    contacts = ["acme", "default", "acme"]
    answers_of(delivery, *(lead_of(f"c{number}", number, account=each) for number, each in enumerate(contacts)))
    headers = {
        each["headers"]["Sforce-Auto-Assign"]: len(each["body"]["records"]) for each in sandbox.requests(UPSERT)
    }
    assert headers == {"TRUE": 2, "FALSE": 1}
    owners = {row["Leadstream_Id__c"]: row["OwnerId"] for row in sandbox.live_records("Lead")}
    assert [key for key, owner in owners.items() if owner == "0055A000000000RQAQ"] == ["acme/c0", "acme/c2"]


@pytest.mark.parametrize("kind", ["drop_after_commit", "truncated"])
def test_an_answer_that_was_lost_does_not_assign_again(sandbox: SandboxClient, kind: str) -> None:
    sandbox.post("assignment_rule", owner="0055A000000000RQAQ")
    sandbox.add_fault(kind, path=UPSERT)
    answers_of(delivery_to(sandbox, mapping_of(assign=True)), lead_of())
    assert len(sandbox.get("assignments")) == 1
