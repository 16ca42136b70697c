"""One sandbox per test session, emptied before each test, and the deployment that hands over to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.handover.handover_records import (
    CampaignTarget,
    HandOverCampaign,
    HandOverContact,
    HandOverLead,
    LeadHandOver,
    LeadHandOverNumber,
)
from connectors.salesforce.org.client import OrgClient
from schemas.definitions import LeadField, Salesforce
from streams.settings import Settings
from tests.harness.salesforce.crm_process import create_crm_topics
from tests.harness.salesforce.handovers import BRISK
from tests.harness.salesforce.sandbox import SPRING, SandboxClient, run_sandbox

FIELDS = {
    "Company": LeadField(property="company", default="[not provided]"),
    "LastName": LeadField(property="last_name", default="[not provided]"),
    "Email": LeadField(property="email"),
}


@pytest.fixture(scope="session")
def org_server() -> Iterator[SandboxClient]:
    with run_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(org_server: SandboxClient) -> SandboxClient:
    org_server.post("reset")
    return org_server


@pytest.fixture
async def settings(kafka: str, prefix: str, sandbox: SandboxClient) -> Settings:
    """A deployment whose topics are there, and whose org is the sandbox."""
    return await create_crm_topics(kafka, prefix, sandbox)


@pytest.fixture
def client(sandbox: SandboxClient) -> OrgClient:
    return OrgClient(sandbox.connection())


@pytest.fixture
def delivery(client: OrgClient) -> Delivery:
    return Delivery(client, lambda account: Salesforce(lead_fields=FIELDS), BRISK)


@pytest.fixture
def hand_over() -> Callable[..., LeadHandOver]:
    def make(contact: str = "ada", offset: int = 1, **more: Any) -> LeadHandOver:
        properties = more.pop("properties", {"company": "Engines", "last_name": contact.title()})
        campaign = more.pop("crm_campaign", SPRING)
        target = CampaignTarget(campaign, "Responded") if campaign else None
        return LeadHandOver(
            id=f"h-{contact}-{offset}",
            at="2026-03-01T10:00:00.000Z",
            number=LeadHandOverNumber(0, offset, 0),
            account="default",
            contact=contact,
            campaign=HandOverCampaign(more.pop("campaign", "spring-trial"), target),
            snapshot=HandOverContact(properties=properties),
            lead=HandOverLead(**more),
        )

    return make
