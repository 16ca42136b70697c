"""Counts the stored values that newly declared types make missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.definitions import STANDARD_PROPERTIES, Definitions, PropertyType
from streams.definitions.stored_values.operand_kinds import has_type
from streams.definitions.stored_values.tally import ValueTally, bounded_lines
from streams.engine.state.contact import Contact


class NewDeclarations:
    """The properties that definitions declare with a new type, and the contacts that lose a value by it.

    `before` are the definitions in force, None where there are none yet.
    """

    def __init__(self, before: Definitions | None, after: Definitions) -> None:
        former_types = _types_of(before)
        self._types = {name: new for name, new in _types_of(after).items() if former_types.get(name) != new}
        self._former_types = {name: former_types.get(name) for name in self._types}
        self._version = after.engine_version
        self._former_version = after.engine_version if before is None else before.engine_version
        self._tallies: dict[str, ValueTally] = {}

    def add(self, contact: Contact) -> None:
        """Looks at a contact, of whatever status: the row keeps its values."""
        for name, property_type in self._types.items():
            value = contact.properties.get(name)
            if value is None or has_type(value, property_type, self._version):
                continue
            former_type = self._former_types[name]
            if former_type is None or has_type(value, former_type, self._former_version):
                self._tallies.setdefault(name, ValueTally()).add(contact.id, value)

    def to_list(self) -> list[dict[str, Any]]:
        """Returns all of them as JSON for a machine, the most contacts first."""
        return [
            {"property": name, "type": self._types[name], **tally.to_dict()} for name, tally in self._sorted_tallies()
        ]

    def lines(self) -> Iterator[str]:
        """Yields a line for each property, for people; the most contacts first, a bounded number."""
        yield from bounded_lines(
            [f"property {name} ({self._types[name]}): {tally.text()}" for name, tally in self._sorted_tallies()]
        )

    def _sorted_tallies(self) -> list[tuple[str, ValueTally]]:
        return sorted(self._tallies.items(), key=lambda each: (-each[1].count, each[0]))


def _types_of(definitions: Definitions | None) -> dict[str, PropertyType]:
    declared = {} if definitions is None else definitions.properties
    return {**STANDARD_PROPERTIES, **declared}
