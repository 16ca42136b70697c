"""What the commands say where two accounts have two orgs: each line names whose org it is about."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.salesforce.crm_process import running_crm_process
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient, run_sandbox


@pytest.fixture
def emea() -> Iterator[SandboxClient]:
    """The org of the accounts `acme` and `beta`; all others have that of the settings."""
    with run_sandbox() as sandbox:
        yield sandbox


def definitions_of(account: str, campaign: str) -> str:
    return (
        f"account: {account}\n"
        "segments:\n"
        "  - {id: fit, dynamic: true, when: {property: fits, eq: true}}\n"
        "campaigns:\n"
        f"  - {{id: fair, audience: [fit], auto_qualify: true, salesforce: {{campaign: {campaign}}}}}\n"
    )


def contact_of(account: str) -> dict[str, Any]:
    return {
        "id": f"{account}-1",
        "type": "contact.changed",
        "at": "2026-03-01T10:00:00Z",
        "account": account,
        "contact": "ann",
        "properties": {"fits": True, "last_name": "Ann"},
    }


def test_each_command_says_which_org_and_which_account(
    kafka: str, prefix: str, tmp_path: Path, sandbox: SandboxClient, emea: SandboxClient
) -> None:
    (tmp_path / "secret").write_text("leadstream\n")
    orgs = tmp_path / "orgs.yaml"
    emea_entry = f"{{accounts: [acme, beta], url: '{emea.url}', client_secret_file: secret, currency: GBP}}"
    orgs.write_text(f"orgs: {{emea: {emea_entry}}}\n")
    given = {
        "LEADSTREAM_SALESFORCE_URL": sandbox.url,
        "LEADSTREAM_SALESFORCE_ORGS": str(orgs),
        "LEADSTREAM_SALESFORCE_CURRENCY": "EUR",
    }
    files = {"default": tmp_path / "default.yaml", "acme": tmp_path / "acme.yaml"}
    files["default"].write_text(definitions_of("default", SPRING))
    files["acme"].write_text(definitions_of("acme", AUTUMN))
    emea.post("delete", type="Campaign", id=AUTUMN)
    in_default, in_emea = f"org default ({sandbox.url})", f"org emea ({emea.url})"
    with Pipeline(
        kafka,
        prefix,
        tmp_path,
        partitions=1,
        in_partitions=1,
        salesforce_url=sandbox.url,
        salesforce_orgs=orgs,
        salesforce_currency="EUR",
    ) as pipeline:

        def run(*arguments: str, exit_code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
            done = leadstream(*arguments, env={**pipeline.environment, **given, **more})
            assert done.returncode == exit_code, f"{arguments}: {done.stdout}\n{done.stderr}"
            return done

        pipeline.start_worker("w0", "all")
        for file in files.values():
            pipeline.run_command("definitions", "apply", str(file))
        with running_crm_process(pipeline.settings):
            pipeline.publish([contact_of("default"), contact_of("acme")])
            wait_until(
                lambda: sum(map(len, pipeline.read_records("crm-results").values())) == 2, LIMIT_SECONDS, "answers"
            )

        lines = run("status").stdout.splitlines()
        assert f"Salesforce   {in_default} is that of all other accounts" in lines
        assert f"Salesforce   {in_emea} is that of acme, beta" in lines
        told = json.loads(run("status", "--json").stdout)["salesforce"]["orgs"]
        assert [(each["name"], each["accounts"]) for each in told] == [("", []), ("emea", ["acme", "beta"])]

        [refusal] = json.loads(run("salesforce", "refused", "list", "--json").stdout)["refused"]
        assert (refusal["account"], refusal["code"]) == ("acme", "campaign_unknown")

        ready = run("salesforce", "check")
        assert [line.partition(";")[0] for line in ready.stdout.splitlines()] == [
            f"{in_default} is ready for all other accounts",
            f"{in_emea} is ready for acme, beta",
        ]
        assert f"note: org emea: the org has one currency; amounts count as GBP (currency of org emea of {orgs})" in (
            ready.stderr.splitlines()
        )
        unready = run("salesforce", "check", *map(str, files.values()), exit_code=78)
        assert f"org emea: acme: campaign fair: there is no campaign {AUTUMN}" in unready.stderr

        for account, org in (("default", in_default), ("acme", in_emea)):
            preview = run("salesforce", "preview", "ann", "--account", account)
            assert preview.stdout.startswith(f"{account}/ann: lead.handed_over ")
            assert preview.stdout.splitlines()[0].endswith(f", to {org}")
        compared = run("salesforce", "reconcile").stdout.splitlines()
        assert [line.partition("): ")[0] + ")" for line in compared] == [in_default, in_emea]
        assert run("salesforce", "reconcile", "--account", "acme").stdout.startswith(f"{in_emea}: ")

        # Without an org of the settings `default` has none.
        none = {"LEADSTREAM_SALESFORCE_URL": ""}
        unchecked = run("salesforce", "check", *map(str, files.values()), exit_code=78, **none)
        assert "note: account default has no Salesforce org: it is not checked" in unchecked.stderr
        for command in (("preview", "ann"), ("reconcile", "--account", "default")):
            refused = run("salesforce", *command, exit_code=78, **none)
            assert "account default: no Salesforce org is configured for this account" in refused.stderr

        # A file that cannot be used here does not hide the rest of the status.
        orgs.write_text("orgs: []\n")
        status = run("status")
        assert "note: the orgs are not known here: LEADSTREAM_SALESFORCE_ORGS" in status.stderr
        assert "topics       26 of 26 fit" in status.stdout
