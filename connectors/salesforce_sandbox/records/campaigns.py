"""Campaigns and their members: every campaign has its own list of member statuses."""

from __future__ import annotations

from typing import Any

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.sales import CAMPAIGN, CAMPAIGN_MEMBER, CAMPAIGN_MEMBER_STATUS
from connectors.salesforce_sandbox.records.store import RecordStore, SandboxRow

_FIRST_STATUSES = (("Sent", 3, True, False), ("Responded", 4, False, True))


def insert_campaign(store: RecordStore, values: SandboxRow, record_id: str | None = None) -> SandboxRow:
    """Adds a campaign with the two member statuses that Salesforce gives to each, and returns it."""
    campaign = store.insert(CAMPAIGN, values, record_id)
    for label, order, is_default, responded in _FIRST_STATUSES:
        store.insert(
            CAMPAIGN_MEMBER_STATUS,
            {
                "CampaignId": campaign["Id"],
                "Label": label,
                "SortOrder": order,
                "IsDefault": is_default,
                "HasResponded": responded,
            },
        )
    return campaign


def add_member_status(store: RecordStore, values: SandboxRow) -> SandboxRow:
    """Adds a member status to a campaign and returns it; a new default takes the place of the former one."""
    statuses = store.find("CampaignMemberStatus", "CampaignId", values["CampaignId"])
    if any(status["Label"].casefold() == str(values["Label"]).casefold() for status in statuses):
        raise ApiError("DUPLICATE_VALUE", f"duplicate value found: Label duplicates value on {values['Label']}")
    if values.get("IsDefault"):
        for status in statuses:
            store.update(CAMPAIGN_MEMBER_STATUS, status, {"IsDefault": False})
    order = 1 + max((status["SortOrder"] or 0 for status in statuses), default=0)
    return store.insert(CAMPAIGN_MEMBER_STATUS, {"SortOrder": order, **values})


def member_values(store: RecordStore, campaign_id: str, values: SandboxRow) -> SandboxRow:
    """Returns the status that a member gets and what follows from it.

    Salesforce does not refuse a status that the campaign does not have: it silently takes the campaign's default.
    """
    statuses = store.find("CampaignMemberStatus", "CampaignId", campaign_id)
    wanted = str(values.get("Status") or "").casefold()
    status = next((each for each in statuses if each["Label"].casefold() == wanted), None)
    if status is None:
        status = next((each for each in statuses if each["IsDefault"]), None)
    if status is None:
        return {"HasResponded": False}
    derived: dict[str, Any] = {"Status": status["Label"], "HasResponded": status["HasResponded"]}
    if status["HasResponded"]:
        derived["FirstRespondedDate"] = store.now().date().isoformat()
    return derived


def check_membership(store: RecordStore, values: SandboxRow) -> None:
    """Checks the person of a new member and that it is none yet; a contact rules out the lead. Raises ApiError."""
    if values.get("ContactId"):
        values.pop("LeadId", None)
    lead_id, contact_id = values.get("LeadId"), values.get("ContactId")
    if not lead_id and not contact_id:
        raise ApiError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LeadId]", ["LeadId"])
    lead = store.get("Lead", lead_id) if lead_id else None
    if lead is not None and lead["IsConverted"]:
        raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ["LeadId"])
    if find_membership(store, values["CampaignId"], lead_id=lead_id, contact_id=contact_id) is not None:
        raise ApiError("DUPLICATE_VALUE", "Already a campaign member.")


def find_membership(
    store: RecordStore, campaign_id: str, *, lead_id: str | None = None, contact_id: str | None = None
) -> SandboxRow | None:
    """Returns the live membership of a person in a campaign; None when there is none."""
    field, person = ("ContactId", contact_id) if contact_id else ("LeadId", lead_id)
    members = store.find("CampaignMember", field, str(person))
    return next((member for member in members if member["CampaignId"] == campaign_id), None)


def move_memberships(store: RecordStore, field: str, person: str, changes: SandboxRow) -> str | None:
    """Moves the memberships of one person to another, whom `changes` names; returns the campaign of the last one.

    Where the other person is a member already, the membership of the first is deleted.
    """
    last = None
    for member in store.find("CampaignMember", field, person):
        last = str(member["CampaignId"])
        other = find_membership(store, last, lead_id=changes.get("LeadId"), contact_id=changes.get("ContactId"))
        store.update(CAMPAIGN_MEMBER, member, changes if other is None else {"IsDeleted": True})
    return last
