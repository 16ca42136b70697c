"""Conversion of a lead, which Salesforce offers to people and to Apex but not over REST."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import Org
from connectors.salesforce_sandbox.store import SandboxRow

_COPIED_FIELDS = ("LastName", "FirstName", "Title", "Phone", "MobilePhone", "Email", "LeadSource", "OwnerId")


def convert_lead(
    org: Org, lead: SandboxRow, *, opportunity: bool = True, amount: float | None = None
) -> dict[str, str | None]:
    """Creates account, contact and opportunity from a lead, which is read-only afterwards; returns all four ids.

    The memberships move to the contact; the opportunity's campaign is that of the lead's last membership.
    Raises ApiError for a lead that is deleted or already converted.
    """
    if lead["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted")
    if lead["IsConverted"]:
        raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    account = org.store.insert(org.schema["Account"], {"Name": lead["Company"]})
    person = {name: lead[name] for name in _COPIED_FIELDS}
    contact = org.store.insert(org.schema["Contact"], {**person, "AccountId": account["Id"]})
    campaign = _move_memberships(org, lead, contact)
    new_opportunity = _create_opportunity(org, lead, account, campaign, amount) if opportunity else None
    opportunity_id = new_opportunity["Id"] if new_opportunity else None
    changes: dict[str, Any] = {
        "IsConverted": True,
        "Status": "Closed - Converted",
        "ConvertedDate": org.store.now().date().isoformat(),
        "ConvertedAccountId": account["Id"],
        "ConvertedContactId": contact["Id"],
        "ConvertedOpportunityId": opportunity_id,
    }
    org.store.update(org.schema["Lead"], lead, changes)
    return {
        "lead": lead["Id"],
        "account": account["Id"],
        "contact": contact["Id"],
        "opportunity": opportunity_id,
    }


def _move_memberships(org: Org, lead: SandboxRow, contact: SandboxRow) -> str | None:
    last = None
    for member in org.store.rows("CampaignMember"):
        if member["LeadId"] == lead["Id"]:
            org.store.update(org.schema["CampaignMember"], member, {"ContactId": contact["Id"]})
            last = member["CampaignId"]
    return last


def _create_opportunity(
    org: Org, lead: SandboxRow, account: SandboxRow, campaign: str | None, amount: float | None
) -> SandboxRow:
    return org.store.insert(
        org.schema["Opportunity"],
        {
            "Name": f"{lead['Company']}-",
            "AccountId": account["Id"],
            "StageName": "Prospecting",
            "Amount": None if amount is None else float(amount),
            "CloseDate": (org.store.now() + timedelta(days=90)).date().isoformat(),
            "CampaignId": campaign,
        },
    )
