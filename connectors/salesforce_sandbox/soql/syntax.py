"""The parts of a parsed query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """One field against one value, against a list of values, or against the result of another query.

    `field` may go over a relationship, as `Campaign.Name`.
    """

    field: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class BooleanExpression:
    """Conditions joined by `and` or `or`, or the one under `not`."""

    kind: Literal["and", "or", "not"]
    operands: tuple[SoqlCondition, ...]


SoqlCondition = FieldComparison | BooleanExpression


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """A function over the rows of a group, and the name of its result."""

    function: str
    field: str
    alias: str


@dataclass(frozen=True, slots=True)
class SortKey:
    """A field to sort by."""

    field: str
    is_descending: bool = False
    nulls_first: bool = True


@dataclass(frozen=True, slots=True)
class Select:
    """A parsed query; `fields` is empty for COUNT()."""

    fields: tuple[str | AggregateCall, ...]
    sobject: str
    where: SoqlCondition | None = None
    group: tuple[str, ...] = ()
    order: tuple[SortKey, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def is_aggregate(self) -> bool:
        """Whether the result has a row for each group and not for each record."""
        return bool(self.group) or any(isinstance(each, AggregateCall) for each in self.fields)
