"""`leadstream salesforce reconcile` against a deployment whose poll has missed what happened in the org."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.salesforce.crm_process import running_crm_process
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient

DEFINITIONS = f"""
account: default
campaigns:
  - {{id: spring, salesforce: {{campaign: {SPRING}}}}}
"""
ACME = f"""
account: acme
campaigns:
  - {{id: fair, salesforce: {{campaign: {AUTUMN}}}}}
"""


def reconcile(pipeline: Pipeline, sandbox: SandboxClient, *options: str) -> subprocess.CompletedProcess[str]:
    org = {"LEADSTREAM_SALESFORCE_URL": sandbox.url, "LEADSTREAM_SALESFORCE_CURRENCY": "EUR"}
    return leadstream("salesforce", "reconcile", *options, env={**pipeline.environment, **org})


def add_sale(sandbox: SandboxClient, amount: float, campaign: str = SPRING) -> str:
    fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "CampaignId": campaign}
    opportunity = str(sandbox.post("record", type="Opportunity", Amount=amount, **fields)["Id"])
    sandbox.post("win", opportunity=opportunity)
    return opportunity


def revenue(pipeline: Pipeline) -> dict[str, tuple[int, str]]:
    rows = pipeline.read_table("campaign-revenue")
    return {key: (row["won"]["count"], row["won"]["amount"]) for key, row in rows.items()}


def test_what_the_poll_has_missed_is_found_and_repaired(
    kafka: str, prefix: str, tmp_path: Path, sandbox: SandboxClient
) -> None:
    org: dict[str, Any] = {"salesforce_url": sandbox.url, "salesforce_poll_ms": 200, "salesforce_currency": "EUR"}
    changed, gone, same = add_sale(sandbox, 100.5), add_sale(sandbox, 20), add_sale(sandbox, 3, AUTUMN)
    with Pipeline(kafka, prefix, tmp_path, partitions=1, in_partitions=1, **org) as pipeline:
        pipeline.start_worker("w0", "all")
        pipeline.apply(DEFINITIONS)
        pipeline.apply(ACME)
        with running_crm_process(pipeline.settings):
            expected = {"default/spring/EUR": (2, "120.5"), "acme/fair/EUR": (1, "3")}
            wait_until(lambda: revenue(pipeline) == expected, LIMIT_SECONDS, "the revenue of both accounts")
        assert reconcile(pipeline, sandbox).returncode == 0

        sandbox.post("opportunity", id=changed, Amount=101.25)
        sandbox.post("delete", type="Opportunity", id=gone)
        sandbox.post("purge", type="Opportunity", id=gone)
        missed = add_sale(sandbox, 7)
        sandbox.post("restrict", id=same, access="none")
        assert (
            "2 of them changed within the last 60 s: the next poll may bring" in reconcile(pipeline, sandbox).stderr
        )
        found = reconcile(pipeline, sandbox, "--json")
        assert found.returncode == 1, found.stderr
        [report] = json.loads(found.stdout)
        kinds = {
            each["opportunity"]: (each["account"], each["kind"], each["repaired"]) for each in report["differences"]
        }
        assert kinds == {
            changed: ("default", "differs", False),
            gone: ("default", "gone", False),
            missed: ("default", "missed", False),
            same: ("acme", "unseen", False),
        }
        sums = {(each["account"], each["kind"]): each for each in report["sums"]}
        assert sums["default", "won"]["ledger"] == {"count": 2, "amount": "120.5"}
        assert sums["default", "won"]["org"] == {"count": 2, "amount": "108.25"}
        assert sums["acme", "won"]["org"] == {"count": 0, "amount": "0"}
        assert revenue(pipeline) == expected

        repaired = reconcile(pipeline, sandbox, "--account", "default", "--repair")
        assert repaired.returncode == 0, repaired.stdout
        assert f"{changed} default: the ledger has another state: amount 100.5, in Salesforce 101.25; repaired" in (
            repaired.stdout.splitlines()
        )
        expected["default/spring/EUR"] = (2, "108.25")
        wait_until(lambda: revenue(pipeline) == expected, LIMIT_SECONDS, "the mended revenue")
        hidden = reconcile(pipeline, sandbox)
        assert hidden.returncode == 1
        assert hidden.stdout.startswith(f"{same} acme: Salesforce does not show it")
        assert reconcile(pipeline, sandbox, "--repair").returncode == 1
        assert reconcile(pipeline, sandbox, "--repair", "--unseen-as-deleted").returncode == 0
        expected["acme/fair/EUR"] = (0, "0")
        wait_until(lambda: revenue(pipeline) == expected, LIMIT_SECONDS, "what was deleted taken back")
        assert reconcile(pipeline, sandbox).stdout.endswith(", 0 differences\n")


def test_revenue_moves_with_an_opportunity_to_another_account(
    kafka: str, prefix: str, tmp_path: Path, sandbox: SandboxClient
) -> None:
    org: dict[str, Any] = {"salesforce_url": sandbox.url, "salesforce_poll_ms": 200, "salesforce_currency": "EUR"}
    moved = add_sale(sandbox, 100.5)
    with Pipeline(kafka, prefix, tmp_path, partitions=1, in_partitions=1, **org) as pipeline:
        pipeline.start_worker("w0", "all")
        pipeline.apply(DEFINITIONS)
        with running_crm_process(pipeline.settings):
            wait_until(
                lambda: revenue(pipeline) == {"default/spring/EUR": (1, "100.5")}, LIMIT_SECONDS, "the revenue"
            )
            pipeline.apply(ACME)
            sandbox.post("opportunity", id=moved, CampaignId=AUTUMN)
            expected = {"default/spring/EUR": (0, "0"), "acme/fair/EUR": (1, "100.5")}
            wait_until(lambda: revenue(pipeline) == expected, LIMIT_SECONDS, "the revenue of the other account")
        assert reconcile(pipeline, sandbox).returncode == 0


def test_what_cannot_work_is_one_line(kafka: str, prefix: str, tmp_path: Path, sandbox: SandboxClient) -> None:
    with Pipeline(kafka, prefix, tmp_path, partitions=1, in_partitions=1) as pipeline:
        refused = reconcile(pipeline, sandbox, "--unseen-as-deleted")
        assert refused.returncode == 64
        assert "add --repair" in refused.stderr
        sandbox.post("settings", refuse_login=True)
        assert reconcile(pipeline, sandbox).returncode == 78
        away = leadstream(
            "salesforce",
            "reconcile",
            env={**pipeline.environment, "LEADSTREAM_SALESFORCE_URL": "http://127.0.0.1:9"},
        )
        assert away.returncode == 69
        assert len(away.stderr.splitlines()) == 1
