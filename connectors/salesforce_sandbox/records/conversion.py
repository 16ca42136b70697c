"""Conversion of a lead, which Salesforce offers to people and to Apex but not over REST."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import Org
from connectors.salesforce_sandbox.records.campaigns import move_memberships
from connectors.salesforce_sandbox.records.contact_roles import add_contact_role
from connectors.salesforce_sandbox.records.people import LEADSTREAM_FIELDS
from connectors.salesforce_sandbox.records.store import SandboxRow

_COPIED_FIELDS = (
    "LastName",
    "FirstName",
    "Salutation",
    "Title",
    "Phone",
    "MobilePhone",
    "Email",
    "LeadSource",
    "Description",
    "OwnerId",
)
_ADDRESS_FIELDS = ("Street", "City", "State", "PostalCode", "Country")


@dataclass(frozen=True, slots=True)
class ConversionOptions:
    """What a person chooses in the dialogue: existing records instead of new ones, or no opportunity at all."""

    opportunity: bool = True
    amount: float | None = None
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None


def convert_lead(org: Org, lead: SandboxRow, options: ConversionOptions) -> dict[str, str | None]:
    """Makes account, contact and opportunity from a lead, or uses existing ones; returns all four ids.

    The lead is read-only afterwards. Its memberships move to the contact; the campaign of a new opportunity is that
    of the lead's last membership. The contact gets a role in the opportunity. Raises ApiError for a lead that is
    deleted or already converted, ValueError for an existing record that there is not.
    """
    if lead["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted")
    if lead["IsConverted"]:
        raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    contact = _require(org, "Contact", options.contact_id)
    account = _require(org, "Account", options.account_id)
    opportunity = _require(org, "Opportunity", options.opportunity_id)
    if account is None and contact is not None and contact["AccountId"]:
        account = _require(org, "Account", contact["AccountId"])
    if account is None:
        account = org.store.insert(org.schema["Account"], {"Name": lead["Company"]})
    contact = _merge_into_contact(org, lead, account, contact)
    campaign = move_memberships(org.store, "LeadId", lead["Id"], {"ContactId": contact["Id"]})
    if opportunity is None and options.opportunity:
        opportunity = _create_opportunity(org, lead, account, campaign, options.amount)
    if opportunity is not None:
        add_contact_role(org.store, opportunity["Id"], contact["Id"])
    changes: dict[str, Any] = {
        "IsConverted": True,
        "Status": "Closed - Converted",
        "ConvertedDate": org.store.now().date().isoformat(),
        "ConvertedAccountId": account["Id"],
        "ConvertedContactId": contact["Id"],
        "ConvertedOpportunityId": opportunity["Id"] if opportunity else None,
    }
    org.store.update(org.schema["Lead"], lead, changes)
    return {
        "lead": lead["Id"],
        "account": account["Id"],
        "contact": contact["Id"],
        "opportunity": opportunity["Id"] if opportunity else None,
    }


def _require(org: Org, name: str, record_id: str | None) -> SandboxRow | None:
    if record_id is None:
        return None
    row = org.store.get(name, ids.to_18(record_id))
    if row is None or row["IsDeleted"]:
        raise ValueError(f"no such {name.lower()}")
    return row


def _merge_into_contact(org: Org, lead: SandboxRow, account: SandboxRow, contact: SandboxRow | None) -> SandboxRow:
    """Makes the contact, or fills what is empty on an existing one: Salesforce keeps what stands there."""
    person = {name: lead[name] for name in _COPIED_FIELDS}
    person.update({f"Mailing{name}": lead[name] for name in _ADDRESS_FIELDS})
    if org.settings.copy_custom_fields:
        person.update({field.name: lead.get(field.name) for field in LEADSTREAM_FIELDS})
    person["AccountId"] = account["Id"]
    person["Name"] = lead["Name"]
    sobject = org.schema["Contact"]
    person = {name: value for name, value in person.items() if name in sobject.fields}
    if contact is None:
        return org.store.insert(sobject, person)
    empty = {name: value for name, value in person.items() if contact[name] is None and value is not None}
    org.store.update(sobject, contact, empty)
    return contact


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
            "LeadSource": lead["LeadSource"],
            "CampaignId": campaign,
        },
    )
