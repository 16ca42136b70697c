"""Chooses the rows that a query has to look at: those of the smallest index that its condition allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from connectors.salesforce_sandbox.records.schema import SObject
from connectors.salesforce_sandbox.soql.conditions import SubSelect, operand_values
from connectors.salesforce_sandbox.soql.paths import QueryContext
from connectors.salesforce_sandbox.soql.syntax import BooleanExpression, FieldComparison, SoqlCondition

_STAMP = "SystemModstamp"


def candidate_ids(
    context: QueryContext, sobject: SObject, condition: SoqlCondition | None, sub_select: SubSelect
) -> Collection[str] | None:
    """Returns the ids of rows among which are all that fulfil the condition; None when only all rows will do."""
    comparisons = [] if condition is None else list(_conjuncts(condition))
    choices: list[Collection[str]] = []
    for comparison in comparisons:
        ids = _ids_by_value(context, sobject, comparison, sub_select)
        if ids is not None:
            choices.append(ids)
    if stamps := _ids_by_stamp(context, sobject, comparisons, sub_select):
        choices.extend(stamps)
    return min(choices, key=len, default=None)


def _conjuncts(condition: SoqlCondition) -> Iterator[FieldComparison]:
    """Yields the comparisons that every row of the result fulfils."""
    if isinstance(condition, FieldComparison):
        yield condition
    elif isinstance(condition, BooleanExpression) and condition.kind == "and":
        for operand in condition.operands:
            yield from _conjuncts(operand)


def _ids_by_value(
    context: QueryContext, sobject: SObject, comparison: FieldComparison, sub_select: SubSelect
) -> Collection[str] | None:
    name = sobject.field_names.get(comparison.field.lower())
    if name is None or comparison.operator not in ("=", "in") or not sobject.fields[name].is_in_index:
        return None
    field = sobject.fields[name]
    values = operand_values(field, comparison, sub_select)
    if any(value is None for value in values):
        return None
    if field.type == "id":
        return sorted(set(values))
    found: set[str] = set()
    for value in values:
        found.update(context.store.find_ids(sobject.name, name, str(value)))
    return sorted(found)


def _ids_by_stamp(
    context: QueryContext, sobject: SObject, comparisons: Iterable[FieldComparison], sub_select: SubSelect
) -> list[Collection[str]]:
    start: str | None = None
    end: str | None = None
    for comparison in comparisons:
        if sobject.field_names.get(comparison.field.lower()) != _STAMP or comparison.value is None:
            continue
        if comparison.operator not in ("<", "<=", ">", ">=", "="):
            continue
        [value] = operand_values(sobject.fields[_STAMP], comparison, sub_select)
        if comparison.operator in (">", ">=", "="):
            start = max(start or value, value)
        if comparison.operator in ("<", "<=", "="):
            end = min(end or value, value)
    if start is None and end is None:
        return []
    return [context.store.find_ids_by_stamp(sobject.name, start, end)]
