"""`salesforce preview`: what hand-overs would write, by which rule, and that nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from connectors.salesforce.handover.handover_records import LeadHandOver
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.preview import HandOverPreview, preview_handovers
from schemas.topics import QUALIFIED_LEADS
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of, mapping_of, writes_to
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient

MAPPING = mapping_of(
    {
        "Status": {"value": "Working - Contacted"},
        "Title": {"property": "title", "write": "empty"},
        "Phone": {"property": "phone"},
        "Email": {"property": "email"},
    },
    updates=[{"on": "lead.rejected", "fields": {"Rating": {"value": "Cold"}}}],
)


def previews_of(sandbox: SandboxClient, *batch: LeadHandOver) -> list[HandOverPreview]:
    delivery = delivery_to(sandbox, MAPPING)
    return preview_handovers(delivery, lambda account: MAPPING, sandbox.connection(), batch)


def shown(preview: HandOverPreview) -> dict[str, tuple[str, Any]]:
    return {each.name: (each.rule, each.value) for each in preview.fields}


def test_a_first_hand_over_makes_a_lead_with_everything(sandbox: SandboxClient) -> None:
    [preview] = previews_of(sandbox, lead_of("ada", 2, company="Engines", email="nonsense"))
    assert (preview.action, preview.record) == ("create", None)
    fields = shown(preview)
    assert fields["Status"] == ("create", "Working - Contacted")
    assert fields["Company"] == ("always", "Engines")
    assert fields["Phone"] == ("always", None)
    assert fields["Leadstream_Id__c"] == ("own", "default/ada")
    assert [each.note for each in preview.fields if each.note] == ["left out: not an e-mail address"]
    assert f"  then a member of the Salesforce campaign {SPRING} with the status Responded" in preview.lines()
    assert sandbox.live_records("Lead") == []


def test_a_later_one_keeps_what_its_rules_keep(sandbox: SandboxClient) -> None:
    [first] = answers_of(delivery_to(sandbox, MAPPING), lead_of(company="Engines", phone="1"))
    sandbox.post("edit", type="Lead", id=first.record, Title="Countess", Company="Real Company Ltd", Status="New")
    before = len(writes_to(sandbox))
    [preview] = previews_of(sandbox, lead_of(offset=2, company="Engines", phone="2", title="Dr"))
    assert (preview.action, preview.record) == ("update", first.record)
    fields = shown(preview)
    assert (fields["Company"], fields["Status"], fields["Title"], fields["Phone"]) == (
        ("always", None),
        ("create", None),
        ("empty", None),
        ("always", "2"),
    )
    lines = preview.lines()
    assert f"  changes the Lead {first.record}" in lines
    assert any(line.split() == ["Title", "empty", "stays"] for line in lines)
    assert any(line.split() == ["Phone", "always", "=", "'2'"] for line in lines)
    assert len(writes_to(sandbox)) == before


def test_a_hand_over_that_was_written_already_says_why_all_stays(sandbox: SandboxClient) -> None:
    answers_of(delivery_to(sandbox, MAPPING), lead_of(company="Engines"))
    why = "  it was written from this hand-over or a newer one: the next one may change its fields"
    [written, newer] = previews_of(sandbox, lead_of(company="Other"), lead_of(offset=2, company="Other"))
    assert (written.action, shown(written)["Company"]) == ("nothing", ("always", None))
    assert why in written.lines()
    assert (newer.action, shown(newer)["Company"]) == ("update", ("always", "Other"))
    assert why not in newer.lines()


def test_an_update_shows_the_fields_of_its_occasion(sandbox: SandboxClient) -> None:
    answers_of(delivery_to(sandbox, MAPPING), lead_of())
    [preview] = previews_of(sandbox, lead_of(offset=2, update=("lead.rejected",)))
    assert shown(preview)["Rating"] == ("always", "Cold")
    assert "Company" not in shown(preview)
    assert preview.to_dict()["member_of"] is None


def test_what_would_be_refused_says_why(sandbox: SandboxClient, client: OrgClient) -> None:
    [first] = answers_of(delivery_to(sandbox, MAPPING), lead_of())
    sandbox.post("delete", type="Lead", id=first.record)
    deleted, kept_back = previews_of(sandbox, lead_of(offset=2), lead_of("eve", 3, do_not_sync=True))
    assert (deleted.action, (deleted.problem or "").partition(":")[0]) == ("refuse", "deleted_in_crm")
    assert (kept_back.action, kept_back.problem) == ("refuse", "do_not_sync: the account's condition holds")
    wrong = mapping_of({"Plan__c": {"property": "plan"}})
    [stopped] = preview_handovers(delivery_to(sandbox, wrong), lambda account: wrong, client.connection, [lead_of()])
    assert stopped.action == "refuse"
    assert "Plan__c" in (stopped.problem or "")


class HandOverDeployment:
    """A deployment with hand-overs and no worker."""

    def __init__(self, settings: Settings, url: str) -> None:
        self.settings = settings
        self.environment = {
            "LEADSTREAM_BOOTSTRAP": settings.bootstrap,
            "LEADSTREAM_PREFIX": settings.prefix,
            "LEADSTREAM_SALESFORCE_URL": url,
        }

    async def hand_over(self, *handovers: LeadHandOver) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.settings.bootstrap) as producer:
            for each in handovers:
                key = f"{each.account}/{each.contact}".encode()
                await producer.send_and_wait(
                    self.settings.prefix + QUALIFIED_LEADS.name, msgspec.json.encode(each), key
                )

    def preview(self, *arguments: str) -> Any:
        run = leadstream("salesforce", "preview", *arguments, "--json", env=self.environment)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)


@pytest.fixture
async def deployment(kafka: str, prefix: str, sandbox: SandboxClient) -> HandOverDeployment:
    settings = Settings(bootstrap=kafka, prefix=prefix, clock="events", partitions=2, in_partitions=1)
    await create_topics(settings)
    return HandOverDeployment(settings, sandbox.url)


async def test_the_newest_hand_overs_of_contacts_are_shown(deployment: HandOverDeployment, tmp_path: Path) -> None:
    await deployment.hand_over(lead_of("ada", 1, company="Old"), lead_of("bob", 2), lead_of("ada", 3, company="New"))
    ada, bob = deployment.preview("ada", "bob")
    assert (ada["contact"], ada["number"], ada["action"]) == ("ada", "0/3/0", "create")
    assert next(each["value"] for each in ada["fields"] if each["field"] == "Company") == "New"
    assert bob["contact"] == "bob"
    file = tmp_path / "d.yaml"
    file.write_text(
        "salesforce: {lead_fields: {LastName: {value: x}, Company: {value: y}, Title: {property: company}}}\n"
    )
    [other] = deployment.preview("ada", "--definitions", str(file))
    assert {"field": "Title", "rule": "always", "written": True, "value": "New"} in other["fields"]


async def test_the_campaign_is_the_one_that_the_definitions_name(
    deployment: HandOverDeployment, tmp_path: Path
) -> None:
    await deployment.hand_over(lead_of("ada", 1), lead_of("bob", 2, of="gone"))
    file = tmp_path / "d.yaml"
    file.write_text(f"campaigns: [{{id: spring-trial, salesforce: {{campaign: {AUTUMN}, member_status: Sent}}}}]\n")
    ada, bob = deployment.preview("ada", "bob", "--definitions", str(file))
    assert (ada["member_of"], ada["member_status"]) == (AUTUMN, "Sent")
    assert (bob["member_of"], bob["member_status"]) == (SPRING, "Responded")


async def test_hand_overs_of_a_file_need_no_topic_of_theirs(deployment: HandOverDeployment, tmp_path: Path) -> None:
    file = tmp_path / "handovers.jsonl"
    file.write_bytes(msgspec.json.encode(lead_of("ada", 1, company="Engines")) + b"\n")
    [preview] = deployment.preview("--file", str(file))
    assert (preview["contact"], preview["action"]) == ("ada", "create")
    file.write_text("{}\n")
    run = leadstream("salesforce", "preview", "--file", str(file), env=deployment.environment)
    assert (run.returncode, f"{file}:1 is no hand-over" in run.stderr) == (65, True)


async def test_a_contact_without_a_hand_over_is_named(deployment: HandOverDeployment) -> None:
    for arguments, code, problem in (
        (["ada"], 64, "account default has no hand-over of ada"),
        ([], 64, "name contacts, or a file"),
    ):
        run = leadstream("salesforce", "preview", *arguments, env=deployment.environment)
        assert (run.returncode, problem in run.stderr) == (code, True)
