"""The fields of Leadstream in the org, on Lead and Contact: whether they are there, and as they have to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.salesforce.check.org_schema import OrgSchema
from connectors.salesforce.handover.descriptions import FieldDescription
from connectors.salesforce.handover.mapping import own_fields
from connectors.salesforce.org.connection import Connection

OWNERS = ("Lead", "Contact")
LEAST_DIGESTS_LENGTH = 4_096
"""Characters that the field of digests needs: some 30 for each mapped field."""


@dataclass(frozen=True, slots=True)
class OwnField:
    """One field of Leadstream: its name, what it has to be in words, and how long at least."""

    name: str
    words: str
    length: int
    is_key: bool = False


def _required_fields(connection: Connection) -> tuple[OwnField, ...]:
    key, number, campaign, written = own_fields(connection)
    return (
        OwnField(key, "text, 255 characters, external id, unique", 255, is_key=True),
        OwnField(number, "text, 64 characters", 64),
        OwnField(campaign, "text, 255 characters", 255),
        OwnField(written, "long text area, 32,768 characters", LEAST_DIGESTS_LENGTH),
    )


def own_field_problems(schema: OrgSchema, connection: Connection) -> Iterator[str]:
    """One sentence for each field that is not there, is not as it has to be, or that the user may not write."""
    for owner in OWNERS:
        if not schema.is_visible(owner):
            continue  # told once, as an object
        fields = schema.fields(owner)
        for own in _required_fields(connection):
            if own.name not in fields:
                yield (
                    f"the {owner} has no field {own.name}: create it ({own.words}), and give the integration user "
                    "read and edit access to it"
                )
                continue
            yield from (f"the {owner}'s field {own.name} {problem}" for problem in _problems(own, fields[own.name]))


def _problems(own: OwnField, field: FieldDescription) -> Iterator[str]:
    if field.type not in ("string", "textarea"):
        yield f"is of type {field.type}: it has to be text ({own.words})"
        return
    if own.is_key and not (field.is_external_id and field.is_unique):
        yield "has to be an external id and unique"
    if field.length and field.length < own.length:
        yield f"takes {field.length} characters: it has to take {own.length} or more"
    if not (field.createable and field.updateable):
        yield "may not be written by the integration user: give it edit access"
