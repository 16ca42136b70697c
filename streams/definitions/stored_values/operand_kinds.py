"""The kinds of JSON values that an operator can meet, whatever they say; any other counts as missing for it.

| operator | meets, where no type is declared |
|---|---|
| `eq ne in not_in` | values of the kind of one of its operands |
| `gt gte lt lte between` | numbers, or dates where an operand is text |
| `before after within_last within_next older_than anniversary_within` | dates |
| `starts_with ends_with matches` | text |
| `contains not_contains` | lists, and text where the operand is text |
| `contains_any contains_all` | lists |
| `has_item` | lists of objects |

From engine version 4 on, text that reads as a number meets number operands, and a number meets text operands; items
of a declared list stay strict. `exists` and `empty` meet everything. A value that does not have its declared type is
met by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from schemas.conditions import Scalar
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.conditions.dates.date_bounds import is_date
from streams.engine.conditions.numbers import is_number, number_from
from streams.engine.conditions.operand_types import (
    DATE_OPERATORS,
    EXISTENCE_OPERATORS,
    ORDER_OPERATORS,
    to_tuple,
    type_test,
)

_type_test = cache(type_test)  # one for each type and version
_LIST_OPERATORS = frozenset({"contains_any", "contains_all"})
_CONTAINS_OPERATORS = frozenset({"contains", "not_contains"})
_SCALAR_TYPES: frozenset[PropertyType] = frozenset({"text", "number", "boolean", "date", "datetime"})


class ValueKinds(Protocol):
    """A set of kinds of values."""

    def include(self, value: Any) -> bool:
        """Whether a JSON value other than null is of one of the kinds."""


@dataclass(frozen=True, slots=True)
class ScalarKinds:
    """The kinds of some operands; `reads_numbers`: whether numbers and text that reads as one meet each other."""

    text: bool
    number: bool
    boolean: bool
    reads_numbers: bool

    def include(self, value: Any) -> bool:
        if isinstance(value, str):
            return self.text or (self.number and self.reads_numbers and number_from(value) is not None)
        if isinstance(value, bool):
            return self.boolean
        return is_number(value) and (self.number or (self.text and self.reads_numbers))


@dataclass(frozen=True, slots=True)
class ListKinds:
    """Lists with an item of these kinds, and empty ones."""

    items: ScalarKinds

    def include(self, value: Any) -> bool:
        return isinstance(value, list) and (not value or any(self.items.include(item) for item in value))


@dataclass(frozen=True, slots=True)
class ObjectListKinds:
    """Lists with an object, and empty ones."""

    def include(self, value: Any) -> bool:
        return isinstance(value, list) and (not value or any(isinstance(item, dict) for item in value))


@dataclass(frozen=True, slots=True)
class DateKinds:
    """Calendar dates and instants."""

    def include(self, value: Any) -> bool:
        return is_date(value)


@dataclass(frozen=True, slots=True)
class EitherKinds:
    """Values of one kind or the other."""

    one: ValueKinds
    other: ValueKinds

    def include(self, value: Any) -> bool:
        return self.one.include(value) or self.other.include(value)


@dataclass(frozen=True, slots=True)
class TypeKinds:
    """Values that have a declared type and, beyond it, are of these kinds (None: all are)."""

    property_type: PropertyType
    engine_version: EngineVersion
    kinds: ValueKinds | None

    def include(self, value: Any) -> bool:
        return has_type(value, self.property_type, self.engine_version) and (
            self.kinds is None or self.kinds.include(value)
        )


def has_type(value: Any, property_type: PropertyType, engine_version: EngineVersion) -> bool:
    """Whether a stored value has the declared type; else it counts as missing."""
    return _type_test(property_type, engine_version)(value)


def operand_kinds(
    operator: str, operand: Any, property_type: PropertyType | None, engine_version: EngineVersion
) -> ValueKinds | None:
    """Returns the kinds that an operator meets in a value of a declared type, or of none (None).

    None for an operator that meets every value.
    """
    if operator in EXISTENCE_OPERATORS:
        return None
    if property_type in _SCALAR_TYPES:
        return TypeKinds(property_type, engine_version, None)  # a checked operand fits the type
    reads_numbers = property_type is None and engine_version >= 4
    kinds = _undeclared_kinds(operator, operand, reads_numbers=reads_numbers)
    return kinds if property_type is None else TypeKinds(property_type, engine_version, kinds)


def _undeclared_kinds(operator: str, operand: Any, *, reads_numbers: bool) -> ValueKinds:
    if operator == "has_item":
        return ObjectListKinds()
    if operator in DATE_OPERATORS:
        return DateKinds()
    scalars = _scalar_kinds(to_tuple(operand), reads_numbers=reads_numbers)
    if operator in ORDER_OPERATORS:
        return DateKinds() if scalars.text else scalars
    if operator in _LIST_OPERATORS:
        return ListKinds(scalars)
    if operator in _CONTAINS_OPERATORS:
        return EitherKinds(scalars, ListKinds(scalars)) if scalars.text else ListKinds(scalars)
    return scalars


def _scalar_kinds(operands: Iterable[Scalar], *, reads_numbers: bool) -> ScalarKinds:
    kinds = {type(operand) for operand in operands}
    return ScalarKinds(
        text=str in kinds, number=bool(kinds & {int, float}), boolean=bool in kinds, reads_numbers=reads_numbers
    )
