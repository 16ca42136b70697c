"""The checks of Salesforce before it writes a record; each refusal has the code and wording of the real service."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.schema import SOBJECTS, SObject, SObjectField
from connectors.salesforce_sandbox.store import RecordStore, SandboxRow

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TEXT_TYPES = {"string", "textarea", "picklist", "phone", "url", "email", "reference", "date"}


def parse_values(sobject: SObject, body: dict[str, Any], *, is_create: bool) -> SandboxRow:
    """Returns the values of a request body. Raises ApiError for a field that is unknown, read-only or malformed."""
    values: SandboxRow = {}
    for name, value in body.items():
        if name in ("attributes", "Id", "id"):
            continue
        field = sobject.fields.get(name)
        if field is None:
            raise ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        if not (field.createable if is_create else field.updateable):
            raise ApiError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {name}. Please check the security settings of this field and "
                "verify that it is read/write for your profile or permission set.",
                [name],
            )
        values[name] = _convert_value(field, value)
    return values


def check_create(store: RecordStore, sobject: SObject, values: SandboxRow) -> None:
    """Checks required fields, unique fields, references and memberships of a new row. Raises ApiError."""
    missing = [
        field.name
        for field in sobject.fields.values()
        if field.required and field.default is None and values.get(field.name) in (None, "")
    ]
    if missing:
        listed = ", ".join(missing)
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{listed}]", missing)
    _check_references(store, sobject, values)
    check_unique(store, sobject, values, None)
    if sobject.name == "CampaignMember":
        _check_membership(store, values)


def check_update(store: RecordStore, sobject: SObject, row: SandboxRow, values: SandboxRow) -> None:
    """Checks whether a row may take these values. Raises ApiError."""
    if row["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
    if row.get("IsConverted"):
        raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    missing = [name for name, value in values.items() if value in (None, "") and sobject.fields[name].required]
    if missing:
        listed = ", ".join(missing)
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{listed}]", missing)
    _check_references(store, sobject, values)
    check_unique(store, sobject, values, row["Id"])


def check_unique(store: RecordStore, sobject: SObject, values: SandboxRow, own_id: str | None) -> None:
    """Raises ApiError when another live row already has one of the unique values."""
    for name, value in values.items():
        field = sobject.fields[name]
        if value is None or not (field.external_id and field.unique):
            continue
        others = [row for row in store.find_by_external_id(sobject.name, name, str(value)) if row["Id"] != own_id]
        if others:
            raise ApiError(
                "DUPLICATE_VALUE",
                f"duplicate value found: {name} duplicates value on record with id: {others[0]['Id']}",
            )


def check_duplicate_rule(store: RecordStore, sobject: SObject, values: SandboxRow) -> None:
    """The org's duplicate rule: raises ApiError for a second lead with the same e-mail address."""
    email = values.get("Email")
    if sobject.name != "Lead" or not email:
        return
    if any(str(row["Email"]).casefold() == str(email).casefold() for row in store.rows("Lead")):
        raise ApiError("DUPLICATES_DETECTED", "Use one of these records?")


def _convert_value(field: SObjectField, value: Any) -> Any:
    if value is None:
        return None
    if field.type in _TEXT_TYPES and not isinstance(value, str):
        value = str(value).lower() if isinstance(value, bool) else str(value)
    if field.length and isinstance(value, str) and len(value) > field.length:
        raise ApiError(
            "STRING_TOO_LONG",
            f"{field.name}: data value too large: {value[:255]} (max length={field.length})",
            [field.name],
        )
    return _convert_type(field, value)


def _convert_type(field: SObjectField, value: Any) -> Any:
    if field.type == "email" and value and not _EMAIL.fullmatch(value):
        raise ApiError("INVALID_EMAIL_ADDRESS", f"{field.name}: invalid email address: {value}", [field.name])
    if field.type == "reference":
        return ids.to_18(value)
    if field.type in ("currency", "int"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _parser_error(field, value)
        return float(value) if field.type == "currency" else int(value)
    if field.type == "boolean" and not isinstance(value, bool):
        raise _parser_error(field, value)
    if field.type == "date":
        try:
            date.fromisoformat(value)
        except ValueError as error:
            raise ApiError(
                "FIELD_INTEGRITY_EXCEPTION", f"{field.name}: invalid date: {value}", [field.name]
            ) from error
    return value


def _parser_error(field: SObjectField, value: Any) -> ApiError:
    return ApiError("JSON_PARSER_ERROR", f"Cannot deserialize instance of {field.type} from value {value!r}")


def _check_references(store: RecordStore, sobject: SObject, values: SandboxRow) -> None:
    for name, value in values.items():
        target = sobject.fields[name].refers_to
        if value is None or target is None or target not in SOBJECTS:
            continue
        row = store.get(target, value)
        if row is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {value}", [name])
        if row["IsDeleted"]:
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted")


def _check_membership(store: RecordStore, values: SandboxRow) -> None:
    if values.get("ContactId"):
        values.pop("LeadId", None)
    person = values.get("ContactId") or values.get("LeadId")
    if person is None:
        raise ApiError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LeadId]", ["LeadId"])
    lead_id = values.get("LeadId")
    lead = store.get("Lead", str(lead_id)) if lead_id else None
    if lead is not None and lead["IsConverted"]:
        raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ["LeadId"])
    for row in store.rows("CampaignMember"):
        if row["CampaignId"] == values["CampaignId"] and person in (row["LeadId"], row["ContactId"]):
            raise ApiError("DUPLICATE_VALUE", "Already a campaign member.")
