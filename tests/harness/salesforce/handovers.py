"""Hand-overs and mappings for tests of the delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.salesforce.handover.delivery import Delivery, RetryPolicy
from connectors.salesforce.handover.handover_records import (
    CampaignTarget,
    HandOverCampaign,
    HandOverContact,
    HandOverLead,
    HandOverResult,
    LeadHandOver,
    LeadHandOverNumber,
)
from connectors.salesforce.org.client import OrgClient
from schemas.definitions import Salesforce
from tests.harness.salesforce.sandbox import SPRING, SandboxClient

BRISK = RetryPolicy(attempts=4, initial_wait=0.01, max_wait=0.05, jitter=0.01)
NAMES = {
    "LastName": {"property": "last_name", "default": "[not provided]"},
    "Company": {"property": "company", "default": "[not provided]"},
    "Email": {"property": "email"},
}


def mapping_of(fields: Mapping[str, Any] | None = None, **more: Any) -> Salesforce:
    """The mapping with the usual names and these fields."""
    return Salesforce.model_validate({"lead_fields": {**NAMES, **(fields or {})}, **more})


def delivery_to(sandbox: SandboxClient, mapping: Salesforce | Mapping[str, Salesforce], **more: Any) -> Delivery:
    """A delivery by one mapping for every account, or one for each, as a worker that has just started."""
    return Delivery(
        OrgClient(sandbox.connection()),
        lambda account: mapping if isinstance(mapping, Salesforce) else mapping[account],
        BRISK,
        **more,
    )


def lead_of(
    contact: str = "ada",
    offset: int = 1,
    *,
    account: str = "default",
    campaign: str | None = SPRING,
    status: str | None = "Responded",
    record: str | None = None,
    of: str = "spring-trial",
    update: tuple[str, ...] | None = None,
    do_not_sync: bool = False,
    retry: int = 0,
    **properties: Any,
) -> LeadHandOver:
    """A hand-over of `contact` with these properties; `update` makes it a `lead.updated` with these occasions."""
    return LeadHandOver(
        id=f"h-{account}-{contact}-{offset}",
        at="2026-03-01T10:00:00.000Z",
        number=LeadHandOverNumber(0, offset, 0),
        account=account,
        contact=contact,
        campaign=HandOverCampaign(of, CampaignTarget(campaign, status) if campaign else None),
        snapshot=HandOverContact(properties=properties),
        lead=HandOverLead(record),
        type="lead.handed_over" if update is None else "lead.updated",
        occasions=update or (),
        do_not_sync=do_not_sync,
        retry=retry,
    )


def answers_of(delivery: Delivery, *batch: LeadHandOver) -> list[HandOverResult]:
    """The results of a batch in which every hand-over is answered at once."""
    outcome = delivery.deliver(batch)
    assert not outcome.pending
    assert not outcome.stopped
    assert [each.handover for each in outcome.results] == list(batch)
    return list(outcome.results)


def writes_to(sandbox: SandboxClient) -> list[dict[str, Any]]:
    """The requests that wrote records."""
    return [entry for entry in sandbox.requests("composite") if entry["method"] != "GET"]
