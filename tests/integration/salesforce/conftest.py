"""One stand-in org per test session, emptied before each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.salesforce.client import OrgClient
from connectors.salesforce.delivery import Delivery, Patience
from connectors.salesforce.handover import Campaign, CampaignTarget, HandOver, Lead, Number, Snapshot
from schemas.definitions import LeadField
from tests.harness.salesforce.sandbox import SPRING, Sandbox, served

FIELDS = {
    "Company": LeadField(property="company", default="[not provided]"),
    "LastName": LeadField(property="last_name", default="[not provided]"),
    "Email": LeadField(property="email"),
}


@pytest.fixture(scope="session")
def org_server() -> Iterator[Sandbox]:
    with served() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(org_server: Sandbox) -> Sandbox:
    org_server.post("reset")
    return org_server


@pytest.fixture
def client(sandbox: Sandbox) -> OrgClient:
    return OrgClient(sandbox.connection())


@pytest.fixture
def delivery(client: OrgClient) -> Delivery:
    return Delivery(
        client, lambda account: FIELDS, Patience(attempts=4, first_wait=0.01, longest_wait=0.05, jitter=0.01)
    )


@pytest.fixture
def hand_over() -> Callable[..., HandOver]:
    def make(contact: str = "ada", offset: int = 1, **more: Any) -> HandOver:
        properties = more.pop("properties", {"company": "Engines", "last_name": contact.title()})
        campaign = more.pop("crm_campaign", SPRING)
        target = CampaignTarget(campaign, "Responded") if campaign else None
        return HandOver(
            id=f"h-{contact}-{offset}",
            at="2026-03-01T10:00:00.000Z",
            number=Number(0, offset, 0),
            account="default",
            contact=contact,
            campaign=Campaign(more.pop("campaign", "spring-trial"), target),
            snapshot=Snapshot(properties=properties),
            lead=Lead(**more),
        )

    return make
