"""From a contact's change to a lead in Salesforce, and from a won opportunity back to its campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.salesforce.crm_process import running_crm_process
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient

DEFINITIONS = f"""
account: default
segments:
  - {{id: german, dynamic: true, when: {{property: country, in: [DE]}}}}
campaigns:
  - id: spring
    audience: [german]
    auto_qualify: true
    salesforce: {{campaign: {SPRING}, member_status: Responded}}
salesforce:
  lead_fields:
    LastName: {{property: last_name, default: "-"}}
    Company: {{property: company, default: "-"}}
"""


def contact(name: str, country: str) -> dict[str, Any]:
    return {
        "id": f"e-{name}",
        "type": "contact.changed",
        "contact": name,
        "at": "2026-03-01T10:00:00Z",
        "properties": {"country": country, "last_name": name.title()},
    }


def test_revenue_comes_back_to_the_campaign_whose_lead_was_handed_over(
    kafka: str, prefix: str, tmp_path: Path, sandbox: SandboxClient
) -> None:
    org = {"salesforce_url": sandbox.url, "salesforce_poll_ms": 200, "salesforce_currency": "EUR"}
    with Pipeline(kafka, prefix, tmp_path, partitions=2, in_partitions=2, **org) as pipeline:
        pipeline.start_worker("w0", "all")
        pipeline.apply(DEFINITIONS)
        with running_crm_process(pipeline.settings):
            pipeline.publish([contact("ada", "DE"), contact("bob", "FR"), contact("cid", "DE")])
            wait_until(
                lambda: len(sandbox.live_records("CampaignMember")) == 2, LIMIT_SECONDS, "two members in Salesforce"
            )
            names = {lead["Leadstream_Id__c"]: lead["LastName"] for lead in sandbox.live_records("Lead")}
            assert names == {"default/ada": "Ada", "default/cid": "Cid"}
            [ada] = [lead for lead in sandbox.live_records("Lead") if lead["LastName"] == "Ada"]
            conversion = sandbox.post("convert", lead=ada["Id"], amount=1000)
            wait_until(lambda: revenue(pipeline, "open") == (1, "1000"), LIMIT_SECONDS, "the opportunity")
            sandbox.post("win", opportunity=conversion["opportunity"], amount=1234.5)
            wait_until(lambda: revenue(pipeline, "won") == (1, "1234.5"), LIMIT_SECONDS, "the revenue")
            wait_until(lambda: outcome(pipeline, "ada") == "won", LIMIT_SECONDS, "the outcome of the lead")
            sandbox.post("reopen", opportunity=conversion["opportunity"])
            wait_until(lambda: revenue(pipeline, "won") == (0, "0"), LIMIT_SECONDS, "the revenue taken back")
        lead = pipeline.read_table("leads")["default/spring/cid"]
        assert lead["crm"]["result"] == "crm.linked"
        assert pipeline.read_records("dead-letters") == {0: [], 1: []}


def test_a_retry_makes_the_membership_of_the_campaign_that_a_later_release_names(
    kafka: str, prefix: str, tmp_path: Path, sandbox: SandboxClient
) -> None:
    with Pipeline(kafka, prefix, tmp_path, partitions=2, in_partitions=2, salesforce_url=sandbox.url) as pipeline:
        pipeline.start_worker("w0", "all")
        pipeline.apply(DEFINITIONS)
        sandbox.post("delete", type="Campaign", id=SPRING)
        with running_crm_process(pipeline.settings):
            pipeline.publish([contact("ada", "DE"), contact("cid", "DE")])
            refused = {"ada": "campaign_unknown", "cid": "campaign_unknown"}
            wait_until(lambda: answers(pipeline) == refused, LIMIT_SECONDS, "the refusals")
            pipeline.apply(DEFINITIONS.replace(SPRING, AUTUMN))
            pipeline.run_command("salesforce", "refused", "retry", "--code", "campaign_unknown", "--yes")
            linked = {"ada": "crm.linked", "cid": "crm.linked"}
            wait_until(lambda: answers(pipeline) == linked, LIMIT_SECONDS, "the memberships")
        members = {each["LeadId"]: each for each in sandbox.live_records("CampaignMember")}
        assert {each["CampaignId"] for each in members.values()} == {AUTUMN}
        for name in ("ada", "cid"):
            crm = pipeline.read_table("leads")[f"default/spring/{name}"]["crm"]
            assert crm["member"] == members[crm["record"]]["Id"]


def answers(pipeline: Pipeline) -> dict[str, str | None]:
    """Contact -> the code of the last answer to its hand-over, or its kind."""
    told = {row["contact"]: row.get("crm", {}) for row in pipeline.read_table("leads").values()}
    return {name: crm.get("code", crm.get("result")) for name, crm in told.items()}


def revenue(pipeline: Pipeline, kind: str) -> tuple[int, str] | None:
    row = pipeline.read_table("campaign-revenue").get("default/spring/EUR")
    return None if row is None else (row[kind]["count"], row[kind]["amount"])


def outcome(pipeline: Pipeline, name: str) -> str | None:
    row = pipeline.read_table("leads").get(f"default/spring/{name}")
    return None if row is None else row.get("crm", {}).get("outcome")
