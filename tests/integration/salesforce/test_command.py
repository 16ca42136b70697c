"""The output of `leadstream salesforce` for an operator."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import build_app
from streams.errors import SalesforceRefused, Unavailable, UsageError
from tests.harness.salesforce.sandbox import SPRING, SandboxClient

ENVIRONMENT = {"LEADSTREAM_SALESFORCE_CLIENT_ID": "leadstream", "LEADSTREAM_SALESFORCE_CLIENT_SECRET": "leadstream"}


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(build_app(), ["salesforce", *arguments], env={**ENVIRONMENT, **environment})


def test_a_ready_org_is_reported_as_ready(sandbox: SandboxClient) -> None:
    result = run("check", "--url", sandbox.url)
    assert result.exit_code == 0
    assert re.fullmatch(
        rf"{sandbox.url} is ready; [\d,]+ of 15,000 API requests are left of 24 hours\n", result.stdout
    )
    assert result.stderr.startswith("note: the org has one currency; amounts count as USD")


def test_a_refused_login_is_one_line_and_exit_code_78(sandbox: SandboxClient) -> None:
    result = run("check", "--url", sandbox.url, LEADSTREAM_SALESFORCE_CLIENT_SECRET="wrong")
    assert isinstance(result.exception, SalesforceRefused)
    assert result.exception.exit_code == 78
    assert len(str(result.exception).splitlines()) == 1
    assert "LEADSTREAM_SALESFORCE_CLIENT_SECRET" in str(result.exception)


def test_an_org_that_does_not_answer_is_exit_code_69() -> None:
    result = run("check", "--url", "http://127.0.0.1:9")
    assert isinstance(result.exception, Unavailable)
    assert result.exception.exit_code == 69


def test_definitions_are_checked_against_the_org(sandbox: SandboxClient, tmp_path: Path) -> None:
    file = tmp_path / "definitions.yaml"
    file.write_text(
        "account: default\n"
        "campaigns:\n"
        f"  - {{id: known, salesforce: {{campaign: {SPRING}}}}}\n"
        "  - {id: lost, salesforce: {campaign: 701000000000000AAA}}\n"
        "salesforce: {lead_fields: {LastName: {property: last_name, default: x}, Email: {property: email}}}\n"
    )
    result = run("check", "--url", sandbox.url, "--json", str(file))
    assert result.exit_code == 78
    assert json.loads(result.stdout)["problems"] == [
        "default: lead_fields: the Lead needs Company: map it, with a default",
        "default: campaign lost: there is no campaign 701000000000000AAA in Salesforce",
    ]


def test_each_org_of_the_file_is_checked_with_its_own_login(sandbox: SandboxClient, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("leadstream\n")
    file = tmp_path / "orgs.yaml"
    file.write_text(
        f"orgs: {{emea: {{accounts: [acme], url: '{sandbox.url}', client_secret_file: secret, currency: EUR}}}}\n"
    )
    result = run("check", "--url", sandbox.url, "--json", LEADSTREAM_SALESFORCE_ORGS=str(file))
    assert result.exit_code == 0
    orgs = json.loads(result.stdout)["orgs"]
    assert [(each["name"], each["requests_limit"]) for each in orgs] == [("", 15_000), ("emea", 15_000)]
    (tmp_path / "secret").write_text("wrong\n")
    refused = run("check", "--url", sandbox.url, LEADSTREAM_SALESFORCE_ORGS=str(file))
    assert isinstance(refused.exception, SalesforceRefused)
    assert str(refused.exception).endswith(f"check the client secret; the login is set by org emea of {file}")


def test_a_port_in_use_is_reported(sandbox: SandboxClient) -> None:
    port = sandbox.url.rsplit(":", 1)[1]
    result = run("sandbox", "--port", port)
    assert isinstance(result.exception, Unavailable)
    assert f"port {port} cannot be used" in str(result.exception)


@pytest.mark.parametrize("campaign", ["Spring", "7015A=Spring"])
def test_a_campaign_without_a_proper_id_is_refused(campaign: str) -> None:
    assert isinstance(run("sandbox", "--campaign", campaign).exception, UsageError)
