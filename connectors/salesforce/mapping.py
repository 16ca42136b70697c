"""From a contact's properties to the fields of a Salesforce Lead, as the account's definitions say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from connectors.salesforce.connection import Connection
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
    """The values to write. A field without value and default is left out: what people typed there stays."""
    values = {}
    for name, source in fields.items():
        value = _value(source, properties)
        if value is not None:
            values[name] = value
    return values


def problems(fields: LeadFields, described: Mapping[str, Any], connection: Connection) -> list[str]:
    """What is wrong with a mapping, or with the org's own fields for it: one sentence each, empty when fine."""
    known = {field["name"]: field for field in described["fields"]}
    found = list(_of_own_fields(known, connection))
    for name in fields:
        if name in _own(connection):
            found.append(f"lead_fields: {name} is written by Leadstream itself: leave it out")
        elif name not in known:
            found.append(f"lead_fields: the Lead has no field {name}{_similar(name, known)}")
        elif not (known[name]["createable"] and known[name]["updateable"]):
            found.append(f"lead_fields: the integration user may not write {name}")
    for name, field in known.items():
        if _required(field) and not _always_has_value(fields.get(name)):
            found.append(f"lead_fields: the Lead needs {name}: map it, with a default")
    return found


def writable(described: Mapping[str, Any]) -> frozenset[str]:
    """The fields of an object that can be updated."""
    return frozenset(field["name"] for field in described["fields"] if field["updateable"])


def _value(source: LeadField, properties: Mapping[str, Any]) -> Any:
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


def _own(connection: Connection) -> tuple[str, str, str]:
    return connection.external_id, connection.number_field, connection.campaign_field


def _of_own_fields(known: Mapping[str, Mapping[str, Any]], connection: Connection) -> Iterable[str]:
    for name in _own(connection):
        if name not in known:
            yield f"the Lead has no field {name}: create it (text, 255 characters) and give the user access to it"
    key = known.get(connection.external_id)
    if key is not None and not (key["externalId"] and key["unique"]):
        yield f"the Lead's field {connection.external_id} has to be an external id and unique"


def _required(field: Mapping[str, Any]) -> bool:
    return bool(field["createable"] and not field["nillable"] and not field["defaultedOnCreate"])


def _always_has_value(source: LeadField | None) -> bool:
    return source is not None and (source.value is not None or source.default is not None)


def _similar(name: str, known: Iterable[str]) -> str:
    for each in known:
        if each.lower() == name.lower():
            return f" (there is {each})"
    return ""
