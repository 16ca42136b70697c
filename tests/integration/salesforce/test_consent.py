"""Who may not be handed over, where a segment says it: by property, by a new definition, while hand-overs wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.salesforce.crm_process import running_crm_process
from tests.harness.salesforce.sandbox import SPRING, SandboxClient

DEFINITIONS = f"""
account: default
segments:
  - {{id: german, dynamic: true, when: {{property: country, in: [DE]}}}}
  - {{id: opted-out, dynamic: true, when: {{property: consent, in: ["no"]}}}}
campaigns:
  - id: spring
    audience: [german]
    auto_qualify: true
    salesforce: {{campaign: {SPRING}, member_status: Responded}}
salesforce:
  lead_fields:
    LastName: {{property: last_name, default: "-"}}
    Company: {{property: company, default: "-"}}
  do_not_sync: {{segment: opted-out}}
  updates:
    - {{on: {{property: consent}}, fields: {{Consent__c: {{property: consent}}}}}}
"""


def contact(name: str, minute: int, **properties: Any) -> dict[str, Any]:
    return {
        "id": f"e-{name}-{minute}",
        "type": "contact.changed",
        "contact": name,
        "at": f"2026-03-01T10:{minute:02}:00Z",
        "properties": {"last_name": name.title(), **properties},
    }


def consents(sandbox: SandboxClient) -> dict[str, str | None]:
    """What the org knows of each Lead's consent, by name."""
    return {lead["LastName"]: lead.get("Consent__c") for lead in sandbox.live_records("Lead")}


def answer_of(pipeline: Pipeline, name: str) -> str | None:
    crm = pipeline.read_table("leads").get(f"default/spring/{name}", {}).get("crm", {})
    answer: str | None = crm.get("code") or crm.get("result")
    return answer


def hand_overs(pipeline: Pipeline) -> int:
    return sum(len(records) for records in pipeline.read_records("qualified-leads").values())


def test_a_segment_keeps_contacts_back_and_the_org_learns_of_each_opt_out(
    kafka: str, prefix: str, tmp_path: Path, sandbox: SandboxClient
) -> None:
    sandbox.post("field", sobject="Lead", name="Consent__c", type="string", length=20)
    org = {"salesforce_url": sandbox.url, "salesforce_poll_ms": 60_000, "salesforce_currency": "EUR"}
    with Pipeline(kafka, prefix, tmp_path, partitions=2, in_partitions=2, **org) as pipeline:
        pipeline.start_worker("w0", "all")
        pipeline.apply(DEFINITIONS, "--without-salesforce")
        with running_crm_process(pipeline.settings):
            yes, no = {"country": "DE", "consent": "yes"}, {"country": "DE", "consent": "no"}
            pipeline.publish([contact("ada", 0, **yes), contact("bob", 0, **no)])
            wait_until(lambda: consents(sandbox) == {"Ada": None}, LIMIT_SECONDS, "the Lead of one")
            wait_until(lambda: answer_of(pipeline, "bob") == "do_not_sync", LIMIT_SECONDS, "the other kept back")
            pipeline.publish([contact("ada", 1, consent="no")])
            wait_until(lambda: consents(sandbox) == {"Ada": "no"}, LIMIT_SECONDS, "the opt-out in the org")

            pipeline.run_command("salesforce", "pause")
            told = hand_overs(pipeline)
            pipeline.publish([contact("cid", 2, **yes)])
            wait_until(lambda: hand_overs(pipeline) == told + 1, LIMIT_SECONDS, "a hand-over that waits")
            pipeline.publish([contact("cid", 3, consent="no")])
            wait_until(lambda: hand_overs(pipeline) == told + 2, LIMIT_SECONDS, "the opt-out behind it")
            pipeline.run_command("salesforce", "resume")
            wait_until(lambda: answer_of(pipeline, "cid") == "do_not_sync", LIMIT_SECONDS, "why nothing was made")
            assert consents(sandbox) == {"Ada": "no"}

            pipeline.apply(DEFINITIONS.replace('["no"]', '["no", maybe]'), "--without-salesforce")
            pipeline.publish([contact("dora", 4, country="DE", consent="maybe")])
            wait_until(lambda: answer_of(pipeline, "dora") == "do_not_sync", LIMIT_SECONDS, "by the new definition")
            pipeline.publish([contact("ada", 5, consent="yes")])
            wait_until(lambda: consents(sandbox) == {"Ada": "yes"}, LIMIT_SECONDS, "the consent given again")
