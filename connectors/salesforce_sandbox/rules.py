"""What Salesforce checks before it writes a record; each refusal carries the code and wording of the real service."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.api_errors import Problem
from connectors.salesforce_sandbox.schema import SOBJECTS, Field, SObject
from connectors.salesforce_sandbox.store import Row, Store

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TEXT = {"string", "textarea", "picklist", "phone", "url", "email", "reference", "date"}


def values_of(sobject: SObject, body: dict[str, Any], *, creating: bool) -> Row:
    """The writable values of a request body. Raises Problem for a field that is unknown, read-only or malformed."""
    values: Row = {}
    for name, value in body.items():
        if name in ("attributes", "Id", "id"):
            continue
        field = sobject.fields.get(name)
        if field is None:
            raise Problem("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        if not (field.createable if creating else field.updateable):
            raise Problem(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {name}. Please check the security settings of this field and "
                "verify that it is read/write for your profile or permission set.",
                [name],
            )
        values[name] = _checked(field, value)
    return values


def check_create(store: Store, sobject: SObject, values: Row) -> None:
    """Required fields, unique fields, references and memberships of a new row. Raises Problem."""
    missing = [
        field.name
        for field in sobject.fields.values()
        if field.required and field.default is None and values.get(field.name) in (None, "")
    ]
    if missing:
        listed = ", ".join(missing)
        raise Problem("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{listed}]", missing)
    _check_references(store, sobject, values)
    check_unique(store, sobject, values, None)
    if sobject.name == "CampaignMember":
        _check_membership(store, values)


def check_update(store: Store, sobject: SObject, row: Row, values: Row) -> None:
    """Whether a row may take these values. Raises Problem."""
    if row["IsDeleted"]:
        raise Problem("ENTITY_IS_DELETED", "entity is deleted", status=404)
    if row.get("IsConverted"):
        raise Problem("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    emptied = [name for name, value in values.items() if value in (None, "") and sobject.fields[name].required]
    if emptied:
        listed = ", ".join(emptied)
        raise Problem("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{listed}]", emptied)
    _check_references(store, sobject, values)
    check_unique(store, sobject, values, row["Id"])


def check_unique(store: Store, sobject: SObject, values: Row, own_id: str | None) -> None:
    """Whether another live row has one of the unique values already. Raises Problem."""
    for name, value in values.items():
        field = sobject.fields[name]
        if value is None or not (field.external_id and field.unique):
            continue
        others = [row for row in store.matches(sobject.name, name, str(value)) if row["Id"] != own_id]
        if others:
            raise Problem(
                "DUPLICATE_VALUE",
                f"duplicate value found: {name} duplicates value on record with id: {others[0]['Id']}",
            )


def check_duplicate_rule(store: Store, sobject: SObject, values: Row) -> None:
    """The org's duplicate rule: no second lead of one e-mail address. Raises Problem."""
    email = values.get("Email")
    if sobject.name != "Lead" or not email:
        return
    if any(str(row["Email"]).casefold() == str(email).casefold() for row in store.rows("Lead")):
        raise Problem("DUPLICATES_DETECTED", "Use one of these records?")


def _checked(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.type in _TEXT and not isinstance(value, str):
        value = str(value).lower() if isinstance(value, bool) else str(value)
    if field.length and isinstance(value, str) and len(value) > field.length:
        raise Problem(
            "STRING_TOO_LONG",
            f"{field.name}: data value too large: {value[:255]} (max length={field.length})",
            [field.name],
        )
    return _typed(field, value)


def _typed(field: Field, value: Any) -> Any:
    if field.type == "email" and value and not _EMAIL.fullmatch(value):
        raise Problem("INVALID_EMAIL_ADDRESS", f"{field.name}: invalid email address: {value}", [field.name])
    if field.type == "reference":
        return ids.to_18(value)
    if field.type in ("currency", "int"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _unreadable(field, value)
        return float(value) if field.type == "currency" else int(value)
    if field.type == "boolean" and not isinstance(value, bool):
        raise _unreadable(field, value)
    if field.type == "date":
        try:
            date.fromisoformat(value)
        except ValueError as error:
            raise Problem(
                "FIELD_INTEGRITY_EXCEPTION", f"{field.name}: invalid date: {value}", [field.name]
            ) from error
    return value


def _unreadable(field: Field, value: Any) -> Problem:
    return Problem("JSON_PARSER_ERROR", f"Cannot deserialize instance of {field.type} from value {value!r}")


def _check_references(store: Store, sobject: SObject, values: Row) -> None:
    for name, value in values.items():
        target = sobject.fields[name].refers_to
        if value is None or target is None or target not in SOBJECTS:
            continue
        row = store.get(target, value)
        if row is None:
            raise Problem("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {value}", [name])
        if row["IsDeleted"]:
            raise Problem("ENTITY_IS_DELETED", "entity is deleted")


def _check_membership(store: Store, values: Row) -> None:
    if values.get("ContactId"):
        values.pop("LeadId", None)
    person = values.get("ContactId") or values.get("LeadId")
    if person is None:
        raise Problem("REQUIRED_FIELD_MISSING", "Required fields are missing: [LeadId]", ["LeadId"])
    lead_id = values.get("LeadId")
    lead = store.get("Lead", str(lead_id)) if lead_id else None
    if lead is not None and lead["IsConverted"]:
        raise Problem("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ["LeadId"])
    for row in store.rows("CampaignMember"):
        if row["CampaignId"] == values["CampaignId"] and person in (row["LeadId"], row["ContactId"]):
            raise Problem("DUPLICATE_VALUE", "Already a campaign member.")
