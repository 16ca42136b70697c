"""Create, update, upsert, delete and undelete one record, with the checks and derived values of Salesforce."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.salesforce_sandbox import rules
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import Org
from connectors.salesforce_sandbox.schema import SObject
from connectors.salesforce_sandbox.store import SandboxRow

WON_STAGE = "Closed Won"
LOST_STAGE = "Closed Lost"


class MultipleMatches(Exception):
    """Raised when more than one live row has an external id."""

    def __init__(self, rows: list[SandboxRow]) -> None:
        super().__init__("more than one record found")
        self.rows = rows


@dataclass(frozen=True, slots=True)
class SaveResult:
    """The result of a write that was accepted."""

    id: str
    created: bool

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as Salesforce reports it."""
        return {"id": self.id, "success": True, "errors": [], "created": self.created}


def require_sobject(org: Org, name: str) -> SObject:
    """Returns the object of this name. Raises ApiError when there is none."""
    sobject = org.schema.get(name)
    if sobject is None:
        raise ApiError("NOT_FOUND", "The requested resource does not exist", None, status=404)
    return sobject


def create(org: Org, sobject: SObject, body: dict[str, Any], *, allow_duplicate: bool = False) -> SaveResult:
    """Creates a row. Raises ApiError."""
    values = rules.parse_values(sobject, body, is_create=True)
    rules.check_create(org.store, sobject, values)
    if org.duplicate_rule and not allow_duplicate:
        rules.check_duplicate_rule(org.store, sobject, values)
    row = org.store.insert(sobject, {**values, **_derived_values(sobject, values)})
    return SaveResult(row["Id"], created=True)


def update(org: Org, sobject: SObject, record_id: str, body: dict[str, Any]) -> SaveResult:
    """Changes the row with this id. Raises ApiError."""
    row = org.store.get(sobject.name, record_id)
    if row is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
    values = rules.parse_values(sobject, body, is_create=False)
    rules.check_update(org.store, sobject, row, values)
    org.store.update(sobject, row, {**values, **_derived_values(sobject, values)})
    return SaveResult(row["Id"], created=False)


def check_external_id(sobject: SObject, field: str) -> None:
    """Raises ApiError unless the field can be the key of an upsert."""
    definition = sobject.fields.get(field)
    if definition is None or not definition.external_id:
        raise ApiError(
            "NOT_FOUND",
            f"Provided external ID field does not exist or is not accessible: {field}",
            None,
            status=404,
        )


def upsert(
    org: Org, sobject: SObject, field: str, key: str, body: dict[str, Any], *, allow_duplicate: bool = False
) -> SaveResult:
    """Changes the live row with this external id, or creates one. Raises ApiError, MultipleMatches."""
    matches = org.store.find_by_external_id(sobject.name, field, key)
    if len(matches) > 1:
        raise MultipleMatches(matches)
    if matches:
        return update(org, sobject, matches[0]["Id"], body)
    return create(org, sobject, {**body, field: key}, allow_duplicate=allow_duplicate)


def delete(org: Org, sobject: SObject, record_id: str) -> SaveResult:
    """Puts a row into the recycle bin. Raises ApiError."""
    row = org.store.get(sobject.name, record_id)
    if row is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
    if row["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
    org.store.update(sobject, row, {"IsDeleted": True})
    return SaveResult(row["Id"], created=False)


def undelete(org: Org, sobject: SObject, record_id: str) -> SaveResult:
    """Takes a row out of the recycle bin. Raises ApiError."""
    row = org.store.get(sobject.name, record_id)
    if row is None or not row["IsDeleted"]:
        raise ApiError("UNDELETE_FAILED", "Entity is not in the recycle bin")
    external_ids = {name: row[name] for name, field in sobject.fields.items() if field.external_id}
    rules.check_unique(org.store, sobject, external_ids, row["Id"])
    org.store.update(sobject, row, {"IsDeleted": False})
    return SaveResult(row["Id"], created=False)


def _derived_values(sobject: SObject, values: SandboxRow) -> SandboxRow:
    """Returns `IsClosed` and `IsWon`, which follow from the stage of an opportunity."""
    stage = values.get("StageName")
    if sobject.name != "Opportunity" or stage is None:
        return {}
    return {"IsClosed": stage in (WON_STAGE, LOST_STAGE), "IsWon": stage == WON_STAGE}
