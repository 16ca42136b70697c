"""Control calls for what people do in the user interface: conversion, merge, sales, edits and deletion."""

from __future__ import annotations

from collections.abc import Callable

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.control.actions import ControlActions, ControlBody
from connectors.salesforce_sandbox.org import Org
from connectors.salesforce_sandbox.records import campaigns, writes
from connectors.salesforce_sandbox.records.conversion import ConversionOptions, convert_lead
from connectors.salesforce_sandbox.records.merge import merge_records
from connectors.salesforce_sandbox.records.sales import LOST_STAGE, WON_STAGE
from connectors.salesforce_sandbox.records.store import SandboxRow

EXTERNAL_ID_FIELD = "Leadstream_Id__c"


def _convert_lead(org: Org, body: ControlBody) -> dict[str, str | None]:
    if "external_id" in body:
        matches = org.store.find("Lead", EXTERNAL_ID_FIELD, body["external_id"])
        lead = matches[0] if matches else None
    else:
        lead = org.store.get("Lead", body["lead"])
    if lead is None:
        raise ValueError("no such lead")
    options = {name: value for name, value in body.items() if name not in ("lead", "external_id")}
    return convert_lead(org, lead, ConversionOptions(**options))


def _merge_records(org: Org, body: ControlBody) -> SandboxRow:
    return merge_records(org, body["type"], body["master"], list(body["losers"]), body.get("fields", {}))


def _stage_action(stage: str) -> Callable[[Org, ControlBody], SandboxRow]:
    def move(org: Org, body: ControlBody) -> SandboxRow:
        changes: ControlBody = {"StageName": stage}
        if "amount" in body:
            changes["Amount"] = body["amount"]
        return _update_opportunity(org, {"id": body["opportunity"], **changes})

    return move


def _update_opportunity(org: Org, body: ControlBody) -> SandboxRow:
    return _edit_record(org, {**body, "type": "Opportunity"})


def _create_record(org: Org, body: ControlBody) -> SandboxRow:
    """Creates a record as a person does, whom no assignment or duplicate rule stops."""
    sobject = writes.require_sobject(org, body["type"])
    record_id = body.get("Id")
    if record_id is not None and org.store.get(sobject.name, record_id) is not None:
        raise ValueError(f"there is such a {sobject.name} already")
    values = {name: value for name, value in body.items() if name not in ("type", "Id")}
    result = writes.create(org, sobject, values, writes.SaveOptions(allow_duplicate=True), record_id=record_id)
    return _require_row(org, sobject.name, result.id)


def _edit_record(org: Org, body: ControlBody) -> SandboxRow:
    sobject = writes.require_sobject(org, body["type"])
    changes = {name: value for name, value in body.items() if name not in ("id", "type")}
    writes.update(org, sobject, body["id"], changes, writes.SaveOptions(allow_duplicate=True))
    return _require_row(org, sobject.name, body["id"])


def _require_row(org: Org, name: str, record_id: str) -> SandboxRow:
    row = org.store.get(name, record_id)
    if row is None:
        raise ValueError(f"no such {name.lower()}")
    return row


def _delete_record(org: Org, body: ControlBody) -> ControlBody:
    return writes.delete(org, writes.require_sobject(org, body["type"]), body["id"]).to_dict()


def _undelete_record(org: Org, body: ControlBody) -> ControlBody:
    return writes.undelete(org, writes.require_sobject(org, body["type"]), body["id"]).to_dict()


def _purge_record(org: Org, body: ControlBody) -> None:
    org.store.purge(writes.require_sobject(org, body["type"]), ids.to_18(body["id"]))


def _create_campaign(org: Org, body: ControlBody) -> SandboxRow:
    if org.store.get("Campaign", body["id"]) is not None:
        raise ValueError("there is such a campaign already")
    return campaigns.insert_campaign(org.store, {"Name": body["name"], "IsActive": True}, body["id"])


def _add_member_status(org: Org, body: ControlBody) -> SandboxRow:
    campaign = _require_row(org, "Campaign", body["campaign"])
    values = {
        "CampaignId": campaign["Id"],
        "Label": str(body["label"]),
        "IsDefault": bool(body.get("default", False)),
        "HasResponded": bool(body.get("responded", False)),
    }
    return campaigns.add_member_status(org.store, values)


def _add_contact_role(org: Org, body: ControlBody) -> SandboxRow:
    values = {
        "type": "OpportunityContactRole",
        "OpportunityId": body["opportunity"],
        "ContactId": body["contact"],
        "IsPrimary": bool(body.get("primary", False)),
        "Role": body.get("role"),
    }
    return _create_record(org, values)


def _create_opportunities(org: Org, body: ControlBody) -> ControlBody:
    """Creates many opportunities at once, without the checks of a request."""
    values = {"StageName": "Prospecting", "Amount": 1000.0, "CloseDate": "2030-12-31", **body.get("fields", {})}
    sobject = org.schema["Opportunity"]
    for number in range(int(body["count"])):
        org.store.insert(sobject, {"Name": f"Opportunity {number}", **values})
    return {"count": int(body["count"])}


ACTIONS: ControlActions = {
    "convert": _convert_lead,
    "merge": _merge_records,
    "win": _stage_action(WON_STAGE),
    "lose": _stage_action(LOST_STAGE),
    "reopen": _stage_action("Negotiation/Review"),
    "opportunity": _update_opportunity,
    "opportunities": _create_opportunities,
    "record": _create_record,
    "edit": _edit_record,
    "delete": _delete_record,
    "undelete": _undelete_record,
    "purge": _purge_record,
    "campaign": _create_campaign,
    "member_status": _add_member_status,
    "contact_role": _add_contact_role,
}
