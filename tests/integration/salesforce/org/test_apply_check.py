"""Definitions that do not fit the org are refused before a release is written; `plan` says so already."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.salesforce.sandbox import SPRING, SandboxClient

GOOD = (
    "campaigns: [{id: spring, salesforce: {campaign: %s, member_status: Responded}}]\n"
    "salesforce: {lead_fields: {LastName: {property: last_name, default: x}, Company: {property: company, default: x}"
)
FITTING = GOOD % SPRING + "}}\n"
MISSING = GOOD % SPRING + ", Plan__c: {property: email}, NumberOfEmployees: {property: company}}}\n"
REFUSALS = [
    "default: lead_fields: the Lead has no field Plan__c that the integration user may see",
    "default: lead_fields: NumberOfEmployees takes a whole number (int), and the property is a text (company)",
]


class OrgDeployment:
    """A deployment without workers, and its org."""

    def __init__(self, settings: Settings, url: str, folder: Path) -> None:
        self._environment = {
            "LEADSTREAM_BOOTSTRAP": settings.bootstrap,
            "LEADSTREAM_PREFIX": settings.prefix,
            "LEADSTREAM_SALESFORCE_URL": url,
        }
        self._folder = folder

    def run(self, command: str, text: str, *options: str, **environment: str) -> CompletedProcess[str]:
        file = self._folder / "d.yaml"
        file.write_text(text)
        return leadstream("definitions", command, str(file), *options, env={**self._environment, **environment})

    def latest(self) -> str:
        return leadstream("definitions", "list", env=self._environment).stdout


@pytest.fixture
async def deployment(kafka: str, prefix: str, sandbox: SandboxClient, tmp_path: Path) -> OrgDeployment:
    settings = Settings(bootstrap=kafka, prefix=prefix, clock="events", partitions=1, in_partitions=1)
    await create_topics(settings)
    return OrgDeployment(settings, sandbox.url, tmp_path)


async def test_a_mapping_that_does_not_fit_is_refused_with_all_its_problems(deployment: OrgDeployment) -> None:
    plan = deployment.run("plan", MISSING, "--quick")
    assert plan.returncode == 0
    assert plan.stderr.splitlines() == [f"warning: apply would refuse it: {refusal}" for refusal in REFUSALS]
    refused = deployment.run("apply", MISSING)
    assert refused.returncode == 78
    assert refused.stderr.splitlines()[:2] == [f"leadstream: {REFUSALS[0]}", REFUSALS[1]]
    assert "--without-salesforce applies them unchecked" in refused.stderr
    assert deployment.latest().startswith("no releases")
    assert deployment.run("apply", FITTING).returncode == 0
    assert "release 1" in deployment.latest()


async def test_what_does_not_fit_can_be_applied_all_the_same(deployment: OrgDeployment) -> None:
    assert deployment.run("apply", MISSING, "--without-salesforce").returncode == 0
    again = deployment.run("apply", MISSING)
    assert (again.returncode, "says the same, nothing applied" in again.stdout) == (0, True), (
        "what stays is not asked"
    )


@pytest.mark.parametrize(
    ("environment", "code", "problem"),
    [
        ({"LEADSTREAM_SALESFORCE_URL": "http://127.0.0.1:9"}, 69, "does not answer the login"),
        ({"LEADSTREAM_SALESFORCE_CLIENT_SECRET": "wrong"}, 78, "check the client secret"),
    ],
)
async def test_an_org_that_cannot_be_asked_refuses_and_says_the_way_out(
    deployment: OrgDeployment, environment: dict[str, str], code: int, problem: str
) -> None:
    refused = deployment.run("apply", FITTING, **environment)
    assert refused.returncode == code
    assert problem in refused.stderr
    assert "--without-salesforce" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    plan = deployment.run("plan", FITTING, "--quick", **environment)
    assert (plan.returncode, problem in plan.stderr) == (0, True)
    assert deployment.run("apply", FITTING, "--without-salesforce", **environment).returncode == 0


async def test_definitions_without_campaigns_need_no_org(deployment: OrgDeployment) -> None:
    applied = deployment.run("apply", "segments: [{id: vip}]\n", LEADSTREAM_SALESFORCE_URL="http://127.0.0.1:9")
    assert applied.returncode == 0, applied.stderr


async def test_a_campaign_that_another_account_has_is_refused(deployment: OrgDeployment) -> None:
    assert deployment.run("apply", FITTING).returncode == 0
    refused = deployment.run("apply", "account: acme\n" + FITTING)
    assert refused.returncode == 78
    assert "is that of campaign spring of account default, too" in refused.stderr
