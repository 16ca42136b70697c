"""One account's mapping against the org: names, types, lengths, picklists, required fields, and the Contact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.salesforce.check.field_types import property_problem, type_problem, unlisted_values, value_problem
from connectors.salesforce.check.org_schema import OrgSchema
from connectors.salesforce.handover.descriptions import FieldDescription, spelling_hint
from connectors.salesforce.handover.mapping import lead_fields_of, own_fields
from connectors.salesforce.org.connection import Connection
from schemas.definitions import STANDARD_PROPERTIES, Definitions, LeadField, LeadUpdate, PropertyType, Salesforce


class MappingCheck:
    """What is wrong with the mapping of one account; `notes` hold without hindering."""

    def __init__(self, definitions: Definitions, schema: OrgSchema, connection: Connection) -> None:
        self.notes: list[str] = []
        self._types: Mapping[str, PropertyType] = {**STANDARD_PROPERTIES, **definitions.properties}
        self._mapping = definitions.salesforce or Salesforce()
        self._lead = schema.fields("Lead")
        self._contact = schema.fields("Contact")
        self._own = frozenset(own_fields(connection))

    def problems(self) -> Iterator[str]:
        """One sentence for each problem."""
        if not self._lead:
            return  # the object is told of as one that the user may not see
        fields = lead_fields_of(self._mapping)
        for name, source in fields.items():
            yield from (f"lead_fields: {each}" for each in self._field_problems(name, source, on_creation=True))
        for name, field in self._lead.items():
            if field.required and name not in self._own and not _always_has_value(fields.get(name)):
                yield f"lead_fields: the Lead needs {name}: map it, with a default"
        for number, update in enumerate(self._mapping.updates):
            place = f"updates[{number}] ({_occasion(update)})"
            for name, source in update.fields.items():
                yield from (f"{place}: {each}" for each in self._field_problems(name, source, on_creation=False))
                self._note_contact(place, name)

    def _field_problems(self, name: str, source: LeadField, *, on_creation: bool) -> Iterator[str]:
        field = self._lead.get(name)
        if name in self._own:
            yield f"{name} is written by Leadstream itself: leave it out"
        elif field is None:
            yield f"the Lead has no field {name} that the integration user may see{spelling_hint(name, self._lead)}"
        elif not field.updateable or (on_creation and not field.createable):
            yield f"the integration user may not write {name}"
        elif problem := type_problem(field):
            yield f"{name} {problem}"
        else:
            yield from (f"{name} {problem}" for problem in self._type_problems(name, source, field))

    def _type_problems(self, name: str, source: LeadField, field: FieldDescription) -> Iterator[str]:
        kind = self._types.get(source.property) if source.property is not None else None
        if kind is not None and (problem := property_problem(kind, field)):
            yield f"{problem} ({source.property})"
        for role, value in (("value", source.value), ("default", source.default)):
            if value is None:
                continue
            if problem := value_problem(value, field):
                yield f"{problem} ({role})"
            for part in unlisted_values(value, field):
                self.notes.append(
                    f"{name}: its picklist does not list {part!r} ({role}); Salesforce takes it all the same"
                )

    def _note_contact(self, place: str, name: str) -> None:
        field = self._contact.get(name)
        if name in self._lead and (field is None or not field.updateable):
            self.notes.append(
                f"{place}: {name} is not written once the Lead is converted: the Contact has no such field"
            )


def _occasion(update: LeadUpdate) -> str:
    return update.on if isinstance(update.on, str) else f"property {update.on.property}"


def _always_has_value(source: LeadField | None) -> bool:
    return source is not None and (source.value is not None or source.default is not None)
