"""The page on Salesforce is correct: its metadata makes an org ready, its key logs in, its examples hold."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from connectors.salesforce.check.org_check import check_org
from connectors.salesforce.check.own_fields import OWNERS
from connectors.salesforce.handover.mapping import mapped_fields, own_fields
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.errors import CrmError
from connectors.salesforce.org.login_refusals import refusal_text
from connectors.salesforce.org.orgs_file import load_orgs
from connectors.salesforce.preview import preview_handovers
from connectors.salesforce_sandbox.records.people import LEAD
from schemas.definitions import Salesforce
from streams.cli.outputs.tail import OUTPUTS
from streams.definitions import load_definitions
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.docs.guide import Block, blocks
from tests.harness.project_files import PROJECT_ROOT
from tests.harness.salesforce.handovers import delivery_to, lead_of
from tests.harness.salesforce.sandbox import SandboxClient, run_sandbox

TEXT = (PROJECT_ROOT / "docs" / "salesforce.md").read_text()
PACKAGE = PROJECT_ROOT / "docs" / "salesforce-org"
NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
TYPES = {"Text": "string", "LongTextArea": "textarea"}
USER = "integration@acme.example"
NAMES = SandboxClient("http://127.0.0.1:1").connection()
"""The names of the fields where no setting gives others."""


def block_of(kind: str, part: str = "") -> Block:
    [block] = [each for each in blocks(TEXT) if each.kind == kind and part in each.text]
    return block


@pytest.fixture(scope="module")
def org_server() -> Iterator[SandboxClient]:
    with run_sandbox() as server:
        yield server


@pytest.fixture
def sandbox(org_server: SandboxClient) -> SandboxClient:
    org_server.post("reset")
    return org_server


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    file = tmp_path / "definitions.yaml"
    file.write_text(block_of("yaml definitions").text)
    return file


def elements(file: Path, name: str) -> list[dict[str, str]]:
    """The children of each element `name` of a metadata file, by their names."""
    root = ElementTree.parse(file).getroot()
    return [
        {child.tag.removeprefix(NAMESPACE): child.text or "" for child in each}
        for each in root.iter(NAMESPACE + name)
    ]


def test_every_topic_that_the_page_shows_is_one_that_tail_shows() -> None:
    named = set(re.findall(r"leadstream tail ([a-z-]+)", TEXT))
    assert named
    assert named <= set(OUTPUTS)


def test_the_first_try_is_made_with_the_campaign_of_the_definitions(definitions: Path) -> None:
    content = load_definitions([definitions]).require()["default"].content
    [campaign] = content.campaigns
    assert campaign.salesforce is not None
    [started] = re.findall(r"leadstream salesforce sandbox --campaign \"(\w+)=", TEXT)
    assert started == campaign.salesforce.campaign
    named = re.findall(r"leadstream (?:leads add (\S+) ada|explain ada (\S+))", TEXT)
    assert ["".join(each) for each in named] == [campaign.id] * 2


def test_the_package_gives_an_org_the_fields_that_the_check_asks_for(sandbox: SandboxClient) -> None:
    client = OrgClient(sandbox.connection())
    names = list(own_fields(client.connection))
    for owner in OWNERS:
        for name in names:
            sandbox.post("field", sobject=owner, name=name, remove=True)
    assert len(check_org(client, {}).problems) == len(OWNERS) * len(names)
    for owner in OWNERS:
        fields = elements(PACKAGE / "objects" / f"{owner}.object", "fields")
        assert [each["fullName"] for each in fields] == names
        for each in fields:
            sandbox.post(
                "field",
                sobject=owner,
                name=each["fullName"],
                type=TYPES[each["type"]],
                length=int(each["length"]),
                external_id=each.get("externalId") == "true",
                unique=each.get("unique") == "true",
            )
    assert check_org(client, {}).problem_lines() == []


def test_the_manifest_and_the_permission_set_name_every_field_of_ours() -> None:
    ours = {f"{owner}.{name}" for owner in OWNERS for name in own_fields(NAMES)}
    manifest = ElementTree.parse(PACKAGE / "package.xml").getroot()
    members = {each.text for each in manifest.iter(NAMESPACE + "members")}
    assert members == {*ours, "Leadstream"}
    file = PACKAGE / "permissionsets" / "Leadstream.permissionset"
    writable = {each["field"] for each in elements(file, "fieldPermissions") if each["editable"] == "true"}
    assert ours < writable


def test_the_permission_set_lets_the_mapping_of_the_page_and_the_default_one_be_written(definitions: Path) -> None:
    file = PACKAGE / "permissionsets" / "Leadstream.permissionset"
    writable = {each["field"] for each in elements(file, "fieldPermissions") if each["editable"] == "true"}
    content = load_definitions([definitions]).require()["default"].content
    mapped = mapped_fields(content.salesforce or Salesforce()) | mapped_fields(Salesforce())
    # Salesforce asks for no access to what every record needs, nor to the parts of a name.
    free = {"FirstName", *(name for name, each in LEAD.fields.items() if each.required)}
    assert {f"Lead.{name}" for name in mapped - free} <= writable


def test_the_table_of_access_is_that_of_the_permission_set() -> None:
    words = {"allowRead": "read", "allowCreate": "create", "allowEdit": "edit", "viewAllRecords": "view all"}
    file = PACKAGE / "permissionsets" / "Leadstream.permissionset"
    given = {
        each["object"]: ", ".join(word for key, word in words.items() if each[key] == "true")
        for each in elements(file, "objectPermissions")
    }
    table = TEXT.partition("| object | access |")[2].partition("\n\n")[0]
    assert dict(re.findall(r"^\| (\w+) \| ([\w, ]+) \|", table, re.MULTILINE)) == given
    assert not any(each["allowDelete"] == "true" for each in elements(file, "objectPermissions"))


def test_the_table_of_fields_has_those_of_the_check() -> None:
    table = TEXT.partition("| field | type |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(own_fields(NAMES))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_the_key_of_the_page_logs_in(sandbox: SandboxClient, tmp_path: Path) -> None:
    subprocess.run(["bash", "-c", block_of("sh", "openssl").text], cwd=tmp_path, check=True, capture_output=True)
    sandbox.post("certificate", public_key=(tmp_path / "leadstream.crt").read_text(), username=USER)
    variables = {
        "LEADSTREAM_SALESFORCE_URL": sandbox.url,
        "LEADSTREAM_SALESFORCE_USERNAME": USER,
        "LEADSTREAM_SALESFORCE_PRIVATE_KEY_FILE": str(tmp_path / "leadstream.key"),
    }
    run = leadstream("salesforce", "check", env=variables)
    assert (run.returncode, "is ready" in run.stdout) == (0, True), run.stderr
    shown = leadstream("settings", env=variables).stdout
    assert (tmp_path / "leadstream.key").read_text().splitlines()[1] not in shown


def test_the_orgs_of_the_page_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "orgs.yaml"
    file.write_text(block_of("yaml orgs").text)
    (tmp_path / "emea-secret").write_text("secret\n")
    (tmp_path / "leadstream.key").write_text("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")
    emea, apac = load_orgs(Settings(salesforce_orgs=file))
    assert (emea.accounts, emea.connection.currency) == (("acme", "acme-labs"), "EUR")
    assert apac.connection.audience == "https://test.salesforce.com"


def test_the_check_says_what_the_page_shows(sandbox: SandboxClient, definitions: Path) -> None:
    sandbox.post("assignment_rule", name="Leads", owner="0055A000000000XQAQ")
    command, *shown = block_of("console", "salesforce check").text.splitlines()
    arguments = command.removeprefix("$ leadstream ").replace("definitions.yaml", str(definitions)).split()
    run = leadstream(*arguments, env={"LEADSTREAM_SALESFORCE_URL": sandbox.url})
    assert run.returncode == 0, run.stderr
    said = (run.stderr + run.stdout).replace(sandbox.url, "acme.my.salesforce.com")
    assert re.sub(r"14,\d{3}", "14,982", said).splitlines() == shown


def test_the_preview_says_what_the_page_shows(sandbox: SandboxClient, definitions: Path) -> None:
    content = load_definitions([definitions]).require()["default"].content
    mapping = content.salesforce or Salesforce()
    target = content.campaigns[0].salesforce
    assert target is not None
    handover = lead_of("ada", 1, last_name="Lovelace", email="nonsense", employees=12, campaign=target.campaign)
    [preview] = preview_handovers(
        delivery_to(sandbox, mapping), lambda account: mapping, sandbox.connection(), [handover]
    )
    said = [re.sub(r"= '\{.*\}'", "= '...'", line) for line in preview.lines()]
    assert said == block_of("console", "salesforce preview").text.splitlines()[1:]


def test_every_refusal_of_the_page_has_its_own_advice() -> None:
    table = TEXT.partition("| Salesforce says |")[2].partition("\n\n")[0]

    refusals = re.findall(r"`([^`]+)`", "\n".join(row.split("|")[1] for row in table.splitlines()[2:]))
    assert len(refusals) > 8
    for refusal in refusals:
        text = refusal_text(NAMES, CrmError("invalid_grant", refusal))
        assert "check the login" not in text, refusal
