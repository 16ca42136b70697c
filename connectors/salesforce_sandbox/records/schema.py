"""Objects and fields of the sandbox, and how `describe` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, get_args

FieldType = Literal[
    "id",
    "string",
    "textarea",
    "picklist",
    "multipicklist",
    "email",
    "phone",
    "url",
    "reference",
    "boolean",
    "int",
    "double",
    "currency",
    "percent",
    "date",
    "datetime",
]
FIELD_TYPES: tuple[str, ...] = get_args(FieldType)
TEXT_TYPES = frozenset({"string", "textarea", "picklist", "multipicklist", "email", "phone", "url"})
_STAMPS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
NUMBER_TYPES = frozenset({"int", "double", "currency", "percent"})


@dataclass(frozen=True, slots=True)
class SObjectField:
    """One field; a length or precision of 0 sets no limit, `required` asks for a value on creation."""

    name: str
    type: str = "string"
    length: int = 0
    precision: int = 0
    """The digits of a number; `scale` of them stand after the point."""
    scale: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    unique: bool = False
    id_lookup: bool = False
    """Whether an upsert may name it as its key although it is no external id, as Email of a Lead."""
    default: Any = None
    is_always_set: bool = False
    """Whether the org itself gives every record a value."""
    refers_to: tuple[str, ...] = ()
    picklist: tuple[str, ...] = ()
    restricted: bool = False
    """Whether the picklist takes none but its own values."""
    label: str = ""

    @property
    def is_key(self) -> bool:
        """Whether an upsert may name this field as its key."""
        return self.external_id or self.id_lookup or self.type == "id"

    @property
    def is_in_index(self) -> bool:
        """Whether the store finds rows by a value of this field without reading all."""
        return self.is_key or self.unique or (self.type == "reference" and "User" not in self.refers_to)

    @property
    def display_label(self) -> str:
        """The label that messages show."""
        return self.label or self.name

    @property
    def relationship_name(self) -> str | None:
        """The name by which a query reaches the object that a reference names: `Campaign` for `CampaignId`."""
        if self.type != "reference":
            return None
        return f"{self.name[:-1]}r" if self.name.endswith("__c") else self.name.removesuffix("Id")

    def describe(self) -> dict[str, Any]:
        """Returns the field as `describe` shows it."""
        return {
            "name": self.name,
            "label": self.display_label,
            "type": self.type,
            "length": self.length,
            "precision": 0 if self.type == "int" else self.precision,
            "digits": self.precision if self.type == "int" else 0,
            "scale": self.scale,
            "nillable": not (self.required or self.is_always_set or self.type in ("id", "boolean")),
            "createable": self.createable,
            "updateable": self.updateable,
            "defaultedOnCreate": self.default is not None or self.type in ("id", "boolean") or self.name in _STAMPS,
            "custom": self.name.endswith("__c"),
            "externalId": self.external_id,
            "unique": self.unique,
            "idLookup": self.is_key,
            "restrictedPicklist": self.restricted,
            "picklistValues": [
                {
                    "active": True,
                    "defaultValue": value == self.default,
                    "label": value,
                    "validFor": None,
                    "value": value,
                }
                for value in self.picklist
            ],
            "referenceTo": list(self.refers_to),
            "relationshipName": self.relationship_name,
            "filterable": not (self.type == "textarea" and self.length > 255),
            "sortable": not (self.type == "multipicklist" or (self.type == "textarea" and self.length > 255)),
        }


@dataclass(frozen=True)
class SObject:
    """One object type: its name, the first three characters of its ids, its fields by name."""

    name: str
    prefix: str
    fields: Mapping[str, SObjectField]

    @cached_property
    def field_names(self) -> Mapping[str, str]:
        """The names of the fields by their lower-case form, because queries may write them in any case."""
        return {name.lower(): name for name in self.fields}

    @cached_property
    def fields_in_index(self) -> tuple[SObjectField, ...]:
        """The fields by which the store finds rows."""
        return tuple(field for field in self.fields.values() if field.is_in_index)

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """A row without any value but the defaults."""
        return {field.name: field.default for field in self.fields.values()}

    def with_field(self, field: SObjectField) -> SObject:
        """Returns this object with one more or another field."""
        return SObject(self.name, self.prefix, MappingProxyType({**self.fields, field.name: field}))

    def without_field(self, name: str) -> SObject:
        """Returns this object without a field."""
        others = {key: field for key, field in self.fields.items() if key != name}
        return SObject(self.name, self.prefix, MappingProxyType(others))

    def describe(self) -> dict[str, Any]:
        """Returns the body of `/sobjects/{name}/describe`."""
        return {
            "name": self.name,
            "label": self.name,
            "keyPrefix": self.prefix,
            "custom": self.name.endswith("__c"),
            "createable": True,
            "updateable": True,
            "deletable": True,
            "queryable": True,
            "replicateable": True,
            "fields": [field.describe() for field in self.fields.values()],
        }


def read_only_field(name: str, kind: str, **more: Any) -> SObjectField:
    """Returns a field that no request may write."""
    return SObjectField(name, kind, createable=False, updateable=False, **more)


def reference_field(name: str, *targets: str, **more: Any) -> SObjectField:
    """Returns a field that names a record of one of the target objects."""
    return SObjectField(name, "reference", length=18, refers_to=targets, **more)


STAMP_FIELDS = tuple(read_only_field(each, "datetime", is_always_set=True) for each in _STAMPS)
"""The times that the org itself writes on every record."""


def define_sobject(name: str, prefix: str, *own: SObjectField) -> SObject:
    """Returns an object with the system fields and its own, in the order in which `describe` shows them.

    The stamps come last where they are not among `own`.
    """
    first = (read_only_field("Id", "id", length=18), read_only_field("IsDeleted", "boolean", default=False))
    last = () if any(field in STAMP_FIELDS for field in own) else STAMP_FIELDS
    return SObject(name, prefix, MappingProxyType({field.name: field for field in (*first, *own, *last)}))
