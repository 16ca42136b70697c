"""Create, update, upsert, delete and undelete one record, with the checks and derived values of Salesforce."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import Org
from connectors.salesforce_sandbox.records import campaigns, contact_roles, rules
from connectors.salesforce_sandbox.records.sales import LOST_STAGE, WON_STAGE
from connectors.salesforce_sandbox.records.schema import SObject
from connectors.salesforce_sandbox.records.store import SandboxRow, format_timestamp


class MultipleMatches(Exception):
    """Raised when more than one live row has an external id."""

    def __init__(self, rows: list[SandboxRow]) -> None:
        super().__init__("more than one record found")
        self.rows = rows


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """What a request says: whether doubles are allowed, the assignment rule for leads, the API's version."""

    allow_duplicate: bool = False
    assignment_rule: str | None = None
    version: str = "62.0"


@dataclass(frozen=True, slots=True)
class SaveResult:
    """The result of a write that was accepted."""

    id: str
    created: bool

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as Salesforce reports it."""
        return {"id": self.id, "success": True, "errors": [], "created": self.created}


NO_OPTIONS = SaveOptions()
_CHILDREN = {
    "Lead": (("CampaignMember", "LeadId"),),
    "Contact": (("CampaignMember", "ContactId"), ("OpportunityContactRole", "ContactId")),
    "Campaign": (("CampaignMember", "CampaignId"), ("CampaignMemberStatus", "CampaignId")),
    "Opportunity": (("OpportunityContactRole", "OpportunityId"),),
}
"""An object -> the objects whose records are deleted with it, and the field that names it."""


def require_sobject(org: Org, name: str) -> SObject:
    """Returns the object of this name, whatever its case. Raises ApiError when there is none."""
    sobject = org.find_sobject(name)
    if sobject is None:
        raise ApiError("NOT_FOUND", "The requested resource does not exist", None, status=404)
    return sobject


def create(
    org: Org,
    sobject: SObject,
    body: dict[str, Any],
    options: SaveOptions = NO_OPTIONS,
    *,
    record_id: str | None = None,
) -> SaveResult:
    """Creates a row, with the id that is given if there is one. Raises ApiError."""
    values = rules.parse_values(org.store, sobject, body, is_create=True)
    rules.check_create(org.store, sobject, values)
    future = {**sobject.defaults, **values}
    _check_org_rules(org, sobject, future, values, options)
    values = {**values, **_derived_values(org, sobject, future, values)}
    if sobject.name == "Campaign":
        row = campaigns.insert_campaign(org.store, values, record_id)
    elif sobject.name == "CampaignMemberStatus":
        row = campaigns.add_member_status(org.store, values)
    else:
        row = org.store.insert(sobject, values, record_id)
    contact_roles.keep_primary(org.store, sobject, row)
    org.assignment_rules.assign(org.store, sobject, row, options.assignment_rule, "create")
    return SaveResult(row["Id"], created=True)


def update(
    org: Org, sobject: SObject, record_id: str, body: dict[str, Any], options: SaveOptions = NO_OPTIONS
) -> SaveResult:
    """Changes the row with this id. Raises ApiError."""
    row = _require_row(org, sobject, record_id)
    values = rules.parse_values(org.store, sobject, body, is_create=False)
    rules.check_update(org.store, sobject, row, values)
    future = {**row, **values}
    _check_org_rules(org, sobject, future, values, options)
    org.store.update(sobject, row, {**values, **_derived_values(org, sobject, future, values)})
    contact_roles.keep_primary(org.store, sobject, row)
    org.assignment_rules.assign(org.store, sobject, row, options.assignment_rule, "update")
    return SaveResult(row["Id"], created=False)


def check_key_field(sobject: SObject, field: str) -> str:
    """Returns the field that is the key of an upsert, as the schema spells it. Raises ApiError if it is none."""
    name = sobject.field_names.get(field.lower())
    if name is None or not sobject.fields[name].is_key:
        raise ApiError(
            "NOT_FOUND",
            f"Provided external ID field does not exist or is not accessible: {field}",
            None,
            status=404,
        )
    return name


def upsert(
    org: Org,
    sobject: SObject,
    field: str,
    key: str,
    body: dict[str, Any],
    *,
    options: SaveOptions = NO_OPTIONS,
) -> SaveResult:
    """Changes the live row with this key, or creates one. Raises ApiError, MultipleMatches.

    A row that the integration user cannot see does not match: a unique key then makes the creation fail.
    """
    if sobject.fields[field].type == "id":
        return update(org, sobject, key, body, options)
    matches = find_by_key(org, sobject, field, key)
    if len(matches) > 1:
        raise MultipleMatches(matches)
    if matches:
        return update(org, sobject, matches[0]["Id"], body, options)
    return create(org, sobject, {**body, field: key}, options)


def find_by_key(org: Org, sobject: SObject, field: str, key: str) -> list[SandboxRow]:
    """Returns the live rows with this key that the integration user can see."""
    rows = org.store.find(sobject.name, field, key)
    return [row for row in rows if org.store.access(row["Id"]) != "none"]


def delete(org: Org, sobject: SObject, record_id: str) -> SaveResult:
    """Puts a row into the recycle bin, together with what belongs to it. Raises ApiError."""
    row = _require_row(org, sobject, record_id)
    if row["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
    rules.check_access(org.store, row)
    org.store.update(sobject, row, {"IsDeleted": True})
    for name, field in _CHILDREN.get(sobject.name, ()):
        for child in org.store.find(name, field, row["Id"]):
            org.store.update(org.schema[name], child, {"IsDeleted": True})
    return SaveResult(row["Id"], created=False)


def undelete(org: Org, sobject: SObject, record_id: str) -> SaveResult:
    """Takes a row out of the recycle bin, together with what belongs to it. Raises ApiError."""
    row = org.store.get(sobject.name, record_id)
    if row is None or not row["IsDeleted"]:
        raise ApiError("UNDELETE_FAILED", "Entity is not in the recycle bin")
    unique = {name: row[name] for name, field in sobject.fields.items() if field.unique}
    rules.check_unique(org.store, sobject, unique, row["Id"])
    org.store.update(sobject, row, {"IsDeleted": False})
    for name, field in _CHILDREN.get(sobject.name, ()):
        children = sorted(org.store.find_ids(name, field, row["Id"]))
        for child in list(org.store.select(name, children, include_deleted=True)):
            org.store.update(org.schema[name], child, {"IsDeleted": False})
    return SaveResult(row["Id"], created=False)


def _require_row(org: Org, sobject: SObject, record_id: str) -> SandboxRow:
    if len(record_id) not in (15, 18) or not record_id.isalnum():
        raise ApiError("MALFORMED_ID", f"{sobject.name} ID: id value of incorrect type: {record_id}", ["Id"])
    row = org.store.get(sobject.name, ids.to_18(record_id))
    if row is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
    return row


def _check_org_rules(
    org: Org, sobject: SObject, future: SandboxRow, changes: SandboxRow, options: SaveOptions
) -> None:
    for validation_rule in org.validation_rules:
        validation_rule.check(org.query_context(), sobject, future)
    for duplicate_rule in org.duplicate_rules:
        duplicate_rule.check(
            org.store, sobject, future, changes, allow_save=options.allow_duplicate, version=options.version
        )


def _derived_values(org: Org, sobject: SObject, future: SandboxRow, values: SandboxRow) -> SandboxRow:
    """Returns the values that follow from others: stage, member status, full name."""
    if sobject.name == "Opportunity" and values.get("StageName") is not None:
        stage = values["StageName"]
        return {
            "IsClosed": stage in (WON_STAGE, LOST_STAGE),
            "IsWon": stage == WON_STAGE,
            "LastStageChangeDate": format_timestamp(org.store.now()),
        }
    if sobject.name == "CampaignMember" and ("Status" in values or "CampaignId" in values):
        return campaigns.member_values(org.store, str(future["CampaignId"]), values)
    if sobject.name in ("Lead", "Contact"):
        parts = (future.get("FirstName"), future.get("LastName"))
        return {"Name": " ".join(part for part in parts if part)}
    return {}
