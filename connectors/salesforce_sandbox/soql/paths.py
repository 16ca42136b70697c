"""Field paths of a query: a field of the object, or one of an object that a reference names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.schema import SObject, SObjectField
from connectors.salesforce_sandbox.records.store import RecordStore, SandboxRow

_HINT = (
    "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please "
    "reference your WSDL or the describe call for the appropriate names."
)


@dataclass(frozen=True, slots=True)
class QueryContext:
    """What a query reads: the objects by name and the rows."""

    schema: Mapping[str, SObject]
    store: RecordStore


@dataclass(frozen=True, slots=True)
class Relationship:
    """One step over a reference: the field that holds the id, the name of the step and the object that it reaches."""

    field: str
    name: str
    target: SObject


@dataclass(frozen=True, slots=True)
class QueryPath:
    """The steps to a field; none for a field of the object itself."""

    steps: tuple[Relationship, ...]
    field: SObjectField

    def value(self, store: RecordStore, row: SandboxRow) -> Any:
        """Returns the value for a row; None where a reference on the way is empty or names a record of no access."""
        for step in self.steps:
            reached = related_row(store, step, row)
            if reached is None:
                return None
            row = reached
        return row[self.field.name]


def related_row(store: RecordStore, step: Relationship, row: SandboxRow) -> SandboxRow | None:
    """Returns the row that a reference names; None for an empty one or a record that cannot be seen."""
    record_id = row[step.field]
    if record_id is None or store.access(record_id) == "none":
        return None
    return store.get(step.target.name, record_id)


def resolve_path(context: QueryContext, sobject: SObject, path: str) -> QueryPath:
    """Returns the path in the spelling of the schema. Raises ApiError for a field or a relationship there is not."""
    *names, last = path.split(".")
    steps: list[Relationship] = []
    for name in names:
        step = _find_relationship(context, sobject, name)
        steps.append(step)
        sobject = step.target
    field = sobject.field_names.get(last.lower())
    if field is None:
        raise ApiError("INVALID_FIELD", f"No such column '{last}' on entity '{sobject.name}'. {_HINT}", None)
    return QueryPath(tuple(steps), sobject.fields[field])


def _find_relationship(context: QueryContext, sobject: SObject, name: str) -> Relationship:
    for field in sobject.fields.values():
        relationship = field.relationship_name
        if relationship is None or relationship.lower() != name.lower():
            continue
        target = next((context.schema[each] for each in field.refers_to if each in context.schema), None)
        if target is not None:
            return Relationship(field.name, relationship, target)
    message = f"Didn't understand relationship '{name}' in field path. {_HINT}"
    raise ApiError("INVALID_FIELD", message, None)
