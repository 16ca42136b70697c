"""Maps a contact's properties to the fields of a Salesforce Lead, as the account's definitions say."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType

from connectors.salesforce.handover.coercion import can_be_written
from connectors.salesforce.handover.descriptions import ObjectDescription, spelling_hint
from connectors.salesforce.handover.field_rules import LeadFields
from connectors.salesforce.org.connection import Connection
from schemas.definitions import LeadField, Salesforce

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


def lead_fields_of(salesforce: Salesforce) -> LeadFields:
    """Returns the fields that a hand-over writes; the default ones where the mapping names none."""
    return salesforce.lead_fields or DEFAULT_LEAD_FIELDS


def update_fields_of(salesforce: Salesforce, occasions: Collection[str]) -> LeadFields:
    """Returns the fields that an update writes whose occasions are these; a later entry goes before an earlier."""
    fields: dict[str, LeadField] = {}
    for update in salesforce.updates:
        occasion = update.on if isinstance(update.on, str) else f"property/{update.on.property}"
        if occasion in occasions:
            fields.update(update.fields)
    return fields


def mapped_fields(salesforce: Salesforce) -> frozenset[str]:
    """Returns the names of all fields that a mapping may write."""
    return frozenset(lead_fields_of(salesforce)).union(*(update.fields for update in salesforce.updates))


def fields_to_read(salesforce: Salesforce) -> frozenset[str]:
    """Returns the names of the fields whose rule asks what stands in them."""
    mappings = [lead_fields_of(salesforce), *(update.fields for update in salesforce.updates)]
    return frozenset(name for fields in mappings for name, source in fields.items() if source.write == "empty")


def misfits(salesforce: Salesforce, description: ObjectDescription, connection: Connection) -> list[str]:
    """Returns one sentence for each reason why no hand-over of this mapping can be written."""
    problems = []
    for name in sorted(mapped_fields(salesforce)):
        field = description.get(name)
        if name in own_fields(connection):
            problems.append(f"{name} is written by Leadstream itself: leave it out")
        elif field is None:
            problems.append(f"the Lead has no field {name}{spelling_hint(name, description)}")
        elif not (field.createable or field.updateable):
            problems.append(f"the integration user may not write {name}")
        elif not can_be_written(field):
            problems.append(f"{name} is a field of type {field.type}, which Leadstream does not write")
    for name, field in description.items():
        if field.required and name not in lead_fields_of(salesforce):
            problems.append(f"the Lead needs {name}: map it, with a default")
    if "email" in salesforce.match and "Email" not in description:
        problems.append("match: the integration user may not see the Lead's Email")
    return problems


def own_fields(connection: Connection) -> tuple[str, str, str, str]:
    """Returns the names of the fields that Leadstream keeps its own data in: key, number, campaign, what it wrote."""
    names = connection
    return names.external_id_field, names.number_field, names.campaign_field, names.written_field


def key_field_problems(description: ObjectDescription, connection: Connection) -> list[str]:
    """Returns one sentence for each reason why an org's Lead cannot keep what Leadstream has to find again.

    Without that no hand-over goes out; `connectors.salesforce.check` asks for more, and on Contact, too.
    """
    names = connection
    problems = [
        f"the Lead has no field {name}: create it (text, 255 characters) and give the user access to it"
        for name in (names.external_id_field, names.number_field, names.campaign_field)
        if name not in description
    ]
    key = description.get(names.external_id_field)
    if key is not None and not key.is_external_id:
        problems.append(f"the Lead's field {names.external_id_field} has to be an external id and unique")
    return problems
