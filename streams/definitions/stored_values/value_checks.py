"""Finds values, and values inside lists and objects, that an operator cannot meet because of their type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.definitions.stored_values.operand_kinds import ValueKinds, operand_kinds
from streams.engine.conditions.operand_types import require_operators


@dataclass(frozen=True, slots=True)
class OperatorSite:
    """Where an operator stands; `owner` is `segment ID`, `rule CAMPAIGN/ID` or `the condition` of a search.

    `subject` is `property`, or `visit` or `activity` for a property of an event. `property` is as people write it,
    `[address, city]` for keys into an object. `operator` is a path, such as `gte` or `has_item.amount.gte`.
    """

    owner: str
    subject: str
    property: str
    operator: str

    def text(self) -> str:
        """Returns such as `gte of property employees`."""
        return f"{self.operator} of {self.subject} {self.property}"

    def to_dict(self) -> dict[str, str]:
        """Returns it as JSON for a machine."""
        return {"owner": self.owner, "subject": self.subject, "property": self.property, "operator": self.operator}


class ValueCheck(Protocol):
    """What one operator looks at inside a value."""

    def misfit(self, value: Any) -> Any:
        """Returns the value, or the first one inside it, that the operator cannot meet; None where it meets all."""


@dataclass(frozen=True, slots=True)
class KindCheck:
    """The value itself; a missing one (None) is of no type."""

    kinds: ValueKinds

    def misfit(self, value: Any) -> Any:
        return None if value is None or self.kinds.include(value) else value


@dataclass(frozen=True, slots=True)
class KeysCheck:
    """A value inside nested objects; what is no object on the way there has no keys."""

    keys: tuple[str, ...]
    check: ValueCheck

    def misfit(self, value: Any) -> Any:
        for key in self.keys:
            if not isinstance(value, dict):
                return value
            value = value.get(key)
        return self.check.misfit(value)


@dataclass(frozen=True, slots=True)
class ItemCheck:
    """A field of each object in a list."""

    field: str
    check: ValueCheck

    def misfit(self, value: Any) -> Any:
        for item in value if isinstance(value, list) else ():
            misfit = self.check.misfit(item.get(self.field)) if isinstance(item, dict) else None
            if misfit is not None:
                return misfit
        return None


def operator_checks(
    operators: Operators, property_type: PropertyType | None, engine_version: EngineVersion
) -> Iterator[tuple[str, ValueCheck]]:
    """Yields the path of each operator and its check; `exists` and `empty` meet every value and have none."""
    for operator, operand in require_operators(operators).items():
        kinds = operand_kinds(operator, operand, property_type, engine_version)
        if kinds is not None:
            yield operator, KindCheck(kinds)
        if operator == "has_item":
            for field, inner in operand.items():
                for path, check in operator_checks(inner, None, engine_version):
                    yield f"{operator}.{field}.{path}", ItemCheck(field, check)
