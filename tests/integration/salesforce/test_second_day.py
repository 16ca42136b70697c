"""The second day in an org where people work: a whole deployment, the specification's own mapping, two accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.salesforce.crm_process import running_crm_process
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient
from tests.integration.salesforce.test_closed_loop import contact

ACCOUNT = """
account: {account}
properties: {{employees: number}}
segments:
  - {{id: german, dynamic: true, when: {{property: country, in: [DE]}}}}
  - {{id: large, dynamic: true, when: {{property: employees, gte: 100}}}}
campaigns:
"""
CAMPAIGN = """
  - id: {id}
    audience: [{audience}]
    auto_qualify: true
    salesforce: {{campaign: {crm}, member_status: Responded}}
"""
SPEC_MAPPING = """
salesforce:
  attribution: contact_roles
  lead_fields: {Company: {property: company, default: "[not provided]"}, LastName: {property: last_name, default: "[not provided]"}, Email: {property: email}}
"""  # noqa: E501 - as the specification has it
MISFIT = """
salesforce:
  lead_fields: {Company: {value: "-"}, LastName: {property: last_name}, Plan__c: {value: gold}}
"""
SALE = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01"}


class Office:
    """The deployment of two accounts, and the org that their sales people work in."""

    def __init__(self, pipeline: Pipeline, sandbox: SandboxClient) -> None:
        self.pipeline = pipeline
        self.sandbox = sandbox
        self.fair = str(sandbox.post("record", type="Campaign", Name="Fair", IsActive=True)["Id"])
        default = ACCOUNT.format(account="default")
        default += CAMPAIGN.format(id="spring", audience="german", crm=SPRING)
        default += CAMPAIGN.format(id="autumn", audience="large", crm=AUTUMN)
        pipeline.apply(default + SPEC_MAPPING)
        acme = ACCOUNT.format(account="acme") + CAMPAIGN.format(id="fair", audience="german", crm=self.fair)
        pipeline.apply(acme + MISFIT)

    def tell(self, name: str, account: str = "default", **properties: Any) -> None:
        """Tells properties of a contact."""
        event = contact(name, "DE")
        number = len(self.pipeline.read_table("contacts"))
        event.update(id=f"{account}-{name}-{number}-{sorted(properties)}", account=account, properties=properties)
        self.pipeline.publish([event])

    def lead_of(self, key: str) -> dict[str, Any] | None:
        """The Lead of a contact."""
        leads = [each for each in self.sandbox.live_records("Lead") if each["Leadstream_Id__c"] == key]
        return leads[0] if leads else None

    def wait_for_lead(self, key: str) -> str:
        """Waits for a contact's Lead; returns its id."""
        wait_until(lambda: self.lead_of(key) is not None, LIMIT_SECONDS, f"the Lead of {key}")
        lead = self.lead_of(key)
        assert lead is not None
        return str(lead["Id"])

    def wait_for_members(self, count: int) -> None:
        """Waits until there are so many members of campaigns."""
        wait_until(lambda: len(self.sandbox.live_records("CampaignMember")) == count, LIMIT_SECONDS, "the members")

    def wait_for_revenue(self, campaign: str, **expected: tuple[int, str]) -> None:
        """Waits until revenue (`account/campaign`) has these counts and amounts."""

        def is_so() -> bool:
            row = self.pipeline.read_table("campaign-revenue").get(f"{campaign}/EUR")
            return row is not None and all(
                (row[kind]["count"], row[kind]["amount"]) == each for kind, each in expected.items()
            )

        wait_until(is_so, LIMIT_SECONDS, f"revenue of {campaign}: {expected}")

    def outcome_of(self, lead: str) -> tuple[str | None, str | None]:
        """What a lead (`account/campaign/contact`) says of its opportunities."""
        said = self.pipeline.read_table("leads")[lead].get("crm", {})
        return said.get("outcome"), said.get("amount")


@pytest.fixture
def office(kafka: str, prefix: str, tmp_path: Path, sandbox: SandboxClient) -> Iterator[Office]:
    org = {"salesforce_url": sandbox.url, "salesforce_poll_ms": 200, "salesforce_currency": "EUR"}
    sandbox.post("settings", copy_custom_fields=True)
    with Pipeline(kafka, prefix, tmp_path, partitions=2, in_partitions=2, **org) as pipeline:
        pipeline.start_worker("w0", "all")
        office = Office(pipeline, sandbox)
        with running_crm_process(pipeline.settings):
            yield office


def test_what_sales_typed_stays_and_every_account_has_its_own(office: Office, sandbox: SandboxClient) -> None:
    # A misfit of acme's holds up nobody else.
    office.tell("zoe", "acme", country="DE", last_name="Z")
    office.tell("ada", country="DE", email="ada@example.com")
    ada = office.wait_for_lead("default/ada")
    [lead] = sandbox.live_records("Lead")
    assert (lead["Company"], lead["LastName"]) == ("[not provided]", "[not provided]")

    # The second campaign keeps what sales typed after the first.
    sandbox.post("edit", type="Lead", id=ada, Company="Real Company Ltd", LastName="Smith")
    office.tell("ada", employees=500)
    office.wait_for_members(2)
    [lead] = sandbox.live_records("Lead")
    assert (lead["Company"], lead["LastName"]) == ("Real Company Ltd", "Smith")

    # A sale on acme's campaign that came from no Lead of ours is acme's, though its hand-overs stand still.
    won = sandbox.post("record", type="Opportunity", CampaignId=office.fair, **SALE)["Id"]
    sandbox.post("win", opportunity=won, amount=2500)
    office.wait_for_revenue("acme/fair", won=(1, "2500"), open=(0, "0"))

    # Of two opportunities one is won, the other is opened and deleted: the lead says won.
    converted = sandbox.post("convert", lead=ada, amount=1000)
    office.wait_for_revenue("default/autumn", open=(1, "1000"))
    sandbox.post("win", opportunity=converted["opportunity"], amount=1200.5)
    second = sandbox.post("record", type="Opportunity", Amount=70, **SALE)["Id"]
    sandbox.post("contact_role", opportunity=second, contact=converted["contact"], primary=True)
    office.wait_for_revenue("default/autumn", won=(1, "1200.5"), open=(1, "70"))
    sandbox.post("delete", type="Opportunity", id=second)
    office.wait_for_revenue("default/autumn", won=(1, "1200.5"), open=(0, "0"))
    wait_until(
        lambda: office.outcome_of("default/autumn/ada") == ("won", "1200.5"), LIMIT_SECONDS, "what the lead says"
    )

    # The Contact of the converted Lead keeps what sales typed, too, and gets what changed of ours.
    sandbox.post("edit", type="Contact", id=converted["contact"], LastName="Smith-King")
    office.tell("eve", country="DE", last_name="Eve")
    eve = office.wait_for_lead("default/eve")
    [row] = sandbox.live_records("Contact")
    assert (row["LastName"], row["Leadstream_Id__c"]) == ("Smith-King", "default/ada")

    # A Lead that is converted into a sale that was seen before: it is the Lead's from then on.
    sale = sandbox.post("record", type="Opportunity", Amount=33.3, **SALE)["Id"]
    polls = len(sandbox.requests("queryAll"))
    wait_until(lambda: len(sandbox.requests("queryAll")) > polls + 3, LIMIT_SECONDS, "polls that see the sale")
    sandbox.post("convert", lead=eve, opportunity_id=sale)
    office.wait_for_revenue("default/spring", open=(1, "33.3"))

    assert office.lead_of("acme/zoe") is None
    assert office.pipeline.read_records("dead-letters") == {0: [], 1: []}
