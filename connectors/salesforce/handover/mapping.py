"""Maps a contact's properties to the fields of a Salesforce Lead, as the account's definitions say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from connectors.salesforce.org.connection import Connection
from schemas.definitions import LeadField

LeadFields = Mapping[str, LeadField]
DEFAULT_LEAD_FIELDS: LeadFields = MappingProxyType(
    {
        "LastName": LeadField(property="last_name", default="[not provided]"),
        "Company": LeadField(property="company", default="[not provided]"),
        "FirstName": LeadField(property="first_name"),
        "Email": LeadField(property="email"),
        "Phone": LeadField(property="phone"),
        "Title": LeadField(property="job_title"),
    }
)
"""The mapping of an account whose definitions have none."""

_SEPARATOR = ";"
"""How Salesforce separates the values of a multi-select picklist."""


def lead_values(fields: LeadFields, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values to write. A field without value and default is left out: what people typed there stays."""
    values = {}
    for name, source in fields.items():
        value = _field_value(source, properties)
        if value is not None:
            values[name] = value
    return values


def mapping_problems(fields: LeadFields, description: Mapping[str, Any], connection: Connection) -> list[str]:
    """Returns one sentence for each problem of a mapping, or of the fields that Leadstream needs in the org."""
    fields_by_name = {field["name"]: field for field in description["fields"]}
    problems = list(_own_field_problems(fields_by_name, connection))
    for name in fields:
        if name in _own_fields(connection):
            problems.append(f"lead_fields: {name} is written by Leadstream itself: leave it out")
        elif name not in fields_by_name:
            problems.append(f"lead_fields: the Lead has no field {name}{_spelling_hint(name, fields_by_name)}")
        elif not (fields_by_name[name]["createable"] and fields_by_name[name]["updateable"]):
            problems.append(f"lead_fields: the integration user may not write {name}")
    for name, field in fields_by_name.items():
        if _is_required(field) and not _always_has_value(fields.get(name)):
            problems.append(f"lead_fields: the Lead needs {name}: map it, with a default")
    return problems


def updatable_fields(description: Mapping[str, Any]) -> frozenset[str]:
    """Returns the names of the fields of an object that can be updated."""
    return frozenset(field["name"] for field in description["fields"] if field["updateable"])


def _field_value(source: LeadField, properties: Mapping[str, Any]) -> Any:
    if source.value is not None:
        return source.value
    value = properties.get(source.property) if source.property is not None else None
    if value in (None, "", [], {}):
        return source.default
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _SEPARATOR.join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value


def _own_fields(connection: Connection) -> tuple[str, str, str]:
    return connection.external_id_field, connection.number_field, connection.campaign_field


def _own_field_problems(fields_by_name: Mapping[str, Mapping[str, Any]], connection: Connection) -> Iterable[str]:
    for name in _own_fields(connection):
        if name not in fields_by_name:
            yield f"the Lead has no field {name}: create it (text, 255 characters) and give the user access to it"
    key = fields_by_name.get(connection.external_id_field)
    if key is not None and not (key["externalId"] and key["unique"]):
        yield f"the Lead's field {connection.external_id_field} has to be an external id and unique"


def _is_required(field: Mapping[str, Any]) -> bool:
    return bool(field["createable"] and not field["nillable"] and not field["defaultedOnCreate"])


def _always_has_value(source: LeadField | None) -> bool:
    return source is not None and (source.value is not None or source.default is not None)


def _spelling_hint(name: str, names: Iterable[str]) -> str:
    for each in names:
        if each.lower() == name.lower():
            return f" (there is {each})"
    return ""
