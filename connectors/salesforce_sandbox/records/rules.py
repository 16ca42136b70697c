"""The checks of Salesforce before it writes a record; each refusal has the code and wording of the real service."""

from __future__ import annotations

from typing import Any

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.campaigns import check_membership
from connectors.salesforce_sandbox.records.field_values import convert_value
from connectors.salesforce_sandbox.records.schema import SObject, SObjectField
from connectors.salesforce_sandbox.records.store import RecordStore, SandboxRow

_PERSON_PREFIXES = ("005", "00G")


def parse_values(store: RecordStore, sobject: SObject, body: dict[str, Any], *, is_create: bool) -> SandboxRow:
    """Returns the values of a request body. Raises ApiError for a field that is unknown, read-only or malformed.

    A record may be named by an external id instead of its id: `"Lead": {"Leadstream_Id__c": "default/ada"}`.
    """
    values: SandboxRow = {}
    for given, value in body.items():
        if given in ("attributes", "Id", "id"):
            continue
        name = sobject.field_names.get(given.lower())
        if name is None and isinstance(value, dict) and (reference := find_reference(sobject, given)) is not None:
            name, value = reference.name, _find_id(store, reference, value)  # noqa: PLW2901 - the id stands for the key
        if name is None:
            raise ApiError("INVALID_FIELD", f"No such column '{given}' on sobject of type {sobject.name}")
        field = sobject.fields[name]
        if not (field.createable if is_create else field.updateable):
            raise ApiError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {name}. Please check the security settings of this field and "
                "verify that it is read/write for your profile or permission set.",
                [name],
            )
        values[name] = convert_value(field, value)
    return values


def find_reference(sobject: SObject, relationship: str) -> SObjectField | None:
    """Returns the reference that has this relationship name; None when there is none."""
    fields = sobject.fields.values()
    return next((each for each in fields if each.relationship_name == relationship), None)


def _find_id(store: RecordStore, reference: SObjectField, key: dict[str, Any]) -> str:
    [(field, value)] = [(name, value) for name, value in key.items() if name != "attributes"]
    rows = store.find(reference.refers_to[0], field, str(value))
    if len(rows) != 1:
        target = reference.refers_to[0]
        message = f"Foreign key external ID: {str(value).lower()} not found for field {field} in entity {target}"
        raise ApiError("INVALID_FIELD", message)
    return str(rows[0]["Id"])


def check_create(store: RecordStore, sobject: SObject, values: SandboxRow) -> None:
    """Checks required fields, unique fields, references and memberships of a new row. Raises ApiError."""
    _check_required(
        [
            field.name
            for field in sobject.fields.values()
            if field.required and (values.get(field.name, field.default) is None)
        ]
    )
    _check_references(store, sobject, values)
    check_unique(store, sobject, values, None)
    if sobject.name == "CampaignMember":
        check_membership(store, values)


def check_update(store: RecordStore, sobject: SObject, row: SandboxRow, values: SandboxRow) -> None:
    """Checks whether a row may take these values. Raises ApiError."""
    if row["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
    if row.get("IsConverted"):
        raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    check_access(store, row)
    _check_required([name for name, value in values.items() if value is None and sobject.fields[name].required])
    _check_references(store, sobject, values)
    check_unique(store, sobject, values, row["Id"])


def check_access(store: RecordStore, row: SandboxRow) -> None:
    """Raises ApiError when the integration user may not change a row."""
    access = store.access(row["Id"])
    if access == "none":
        raise _no_access(row["Id"])
    if access == "read":
        raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def check_unique(store: RecordStore, sobject: SObject, values: SandboxRow, own_id: str | None) -> None:
    """Raises ApiError when another live row already has one of the unique values."""
    for name, value in values.items():
        if value is None or not sobject.fields[name].unique:
            continue
        others = [row for row in store.find(sobject.name, name, str(value)) if row["Id"] != own_id]
        if not others:
            continue
        if store.access(others[0]["Id"]) == "none":
            # Nothing of a record that one cannot see is told, not even which field it was.
            message = "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
        else:
            message = f"duplicate value found: {name} duplicates value on record with id: {others[0]['Id']}"
        raise ApiError("DUPLICATE_VALUE", message)


def _check_required(missing: list[str]) -> None:
    if missing:
        listed = ", ".join(missing)
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{listed}]", missing)


def _check_references(store: RecordStore, sobject: SObject, values: SandboxRow) -> None:
    for name, value in values.items():
        targets = sobject.fields[name].refers_to
        if value is None or not targets:
            continue
        if "User" in targets:
            if not value.startswith(_PERSON_PREFIXES):
                raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [name])
            continue
        row = store.get(targets[0], value)
        if targets[0] == "RecordType":
            message = f"{sobject.fields[name].display_label}: this ID value isn't valid for the user: {value}"
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", message, [name])
        if row is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [name])
        if row["IsDeleted"]:
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted")
        if store.access(row["Id"]) == "none":
            raise _no_access(row["Id"])


def _no_access(record_id: str) -> ApiError:
    message = f"insufficient access rights on cross-reference id: {record_id[:15]}"
    return ApiError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message)
