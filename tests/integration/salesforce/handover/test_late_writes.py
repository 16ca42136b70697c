"""Late writes are looked for in steps of bounded size, however much people change at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from connectors.salesforce.handover import number_sweep
from connectors.salesforce.handover.handover_records import LeadHandOver
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.errors import TransientFailure
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of
from tests.harness.salesforce.sandbox import SandboxClient

STEP = 40


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_sweep, "MAX_ROWS", STEP)


def write_leads(sandbox: SandboxClient, ids: Sequence[str], **values: Any) -> None:
    org = OrgClient(sandbox.connection())
    records = [{"attributes": {"type": "Lead"}, "id": each, **values} for each in ids]
    org.write_collection("PATCH", "composite/sobjects", records)


def looks_of(sandbox: SandboxClient) -> int:
    """How many requests looked for late writes."""
    return sum("ORDER BY SystemModstamp, Id" in each["query"].get("q", "") for each in sandbox.requests("quer"))


@pytest.mark.usefixtures("small_steps")
def test_a_late_write_behind_an_import_is_repaired_after_as_many_steps_as_the_import_takes(
    sandbox: SandboxClient,
) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    answers = answers_of(
        delivery, *(lead_of(f"c{number:03}", 10 + number, last_name="Newer") for number in range(110))
    )
    ids = [str(each.record) for each in answers]
    assert delivery.repair_outdated_leads() == []
    # All of the import has one stamp, and the late write comes last.
    write_leads(sandbox, ids, Rating="Hot")
    sandbox.post("clock", advance=2)
    write_leads(sandbox, ids[50:51], LastName="Older", Leadstream_Number__c="0/3/0")
    repaired: list[LeadHandOver] = []
    steps = 0
    while not repaired:
        steps += 1
        before = looks_of(sandbox)
        repaired = delivery.repair_outdated_leads()
        assert looks_of(sandbox) - before == 1
        assert steps < 10
    assert [each.contact for each in repaired] == ["c050"]
    assert {row["LastName"] for row in sandbox.live_records("Lead")} == {"Newer"}
    # What was left of the first 110 changes, then the 109 that the import changed and the late write.
    assert steps <= 6


@pytest.mark.usefixtures("small_steps")
def test_a_step_whose_repair_fails_is_repeated(sandbox: SandboxClient) -> None:
    delivery = delivery_to(sandbox, mapping_of())
    answers = answers_of(
        delivery, *(lead_of(f"c{number:03}", 10 + number, last_name="Newer") for number in range(60))
    )
    ids = [str(each.record) for each in answers]
    assert delivery.repair_outdated_leads() == delivery.repair_outdated_leads() == []
    sandbox.post("clock", advance=1_200)
    assert delivery.repair_outdated_leads() == []
    write_leads(sandbox, ids[:1], LastName="Older", Leadstream_Number__c="0/3/0")
    sandbox.post("clock", advance=1_200)
    write_leads(sandbox, ids[1:], Rating="Hot")
    sandbox.add_fault("drop", path="composite", times=-1)
    with pytest.raises(TransientFailure):
        delivery.repair_outdated_leads()
    sandbox.clear_faults()
    assert [each.contact for each in delivery.repair_outdated_leads()] == ["c000"]


def test_a_late_write_is_repaired_by_the_hand_over_and_the_updates_after_it_however_many(
    sandbox: SandboxClient,
) -> None:
    updates = [{"on": {"property": "phase"}, "fields": {"Rating": {"property": "phase"}}}]
    delivery = delivery_to(sandbox, mapping_of(updates=updates))
    answers_of(delivery, lead_of(offset=1, of="spring-trial", last_name="Older", company="Old Ltd"))
    [older] = sandbox.live_records("Lead")
    answers_of(delivery, lead_of(offset=2, of="autumn-fair", last_name="Newer", company="New Ltd"))
    for offset in range(3, 15):
        answers_of(delivery, lead_of(offset=offset, update=("property/phase",), phase=f"phase {offset}"))
    names = ("LastName", "Company", "Leadstream_Number__c", "Leadstream_Campaign__c", "Leadstream_Written__c")
    write_leads(sandbox, [older["Id"]], **{name: older[name] for name in names})
    assert {each.contact for each in delivery.repair_outdated_leads()} == {"ada"}
    [lead] = sandbox.live_records("Lead")
    assert (lead["LastName"], lead["Company"], lead["Rating"]) == ("Newer", "New Ltd", "phase 14")
    assert (lead["Leadstream_Campaign__c"], lead["Leadstream_Number__c"]) == ("autumn-fair", "0/14/0")
