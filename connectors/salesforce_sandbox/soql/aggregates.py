"""Aggregate queries: a row for each group, with sums and counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from operator import itemgetter
from typing import Any

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.currencies import CURRENCY_FIELD, conversion_rates
from connectors.salesforce_sandbox.records.schema import NUMBER_TYPES, SObject
from connectors.salesforce_sandbox.records.store import SandboxRow
from connectors.salesforce_sandbox.soql.paths import QueryContext, QueryPath, resolve_path
from connectors.salesforce_sandbox.soql.syntax import AggregateCall, Select
from connectors.salesforce_sandbox.soql.tokens import malformed_query

GroupKey = tuple[Any, ...]


def group_rows(context: QueryContext, sobject: SObject, select: Select, rows: list[SandboxRow]) -> list[SandboxRow]:
    """Returns the groups as a query shows them, in the order of their keys or as the query sorts them.

    Without GROUP BY all rows are one group. Raises ApiError for a field that is neither grouped nor in a function.
    """
    group_paths = [resolve_path(context, sobject, name) for name in select.group]
    groups: dict[GroupKey, list[SandboxRow]] = {} if select.group else {(): []}
    for row in rows:
        key = tuple(path.value(context.store, row) for path in group_paths)
        groups.setdefault(key, []).append(row)
    columns = [_column(context, sobject, select, each) for each in select.fields]
    keys = sorted(groups, key=lambda key: [_sort_value(value) for value in key])
    shown = [
        {"attributes": {"type": "AggregateResult"}, **{name: value(key, groups[key]) for name, value in columns}}
        for key in keys
    ]
    return _sort(select, shown)


def _column(
    context: QueryContext, sobject: SObject, select: Select, item: str | AggregateCall
) -> tuple[str, Callable[[GroupKey, list[SandboxRow]], Any]]:
    if isinstance(item, AggregateCall):
        path = resolve_path(context, sobject, item.field)
        if item.function in ("sum", "avg") and path.field.type not in NUMBER_TYPES:
            message = f"field {item.field} does not support aggregate operator {item.function.upper()}"
            raise malformed_query(message)
        return item.alias, lambda _, rows: _aggregate(context, item.function, path, rows)
    names = [name.lower() for name in select.group]
    if item.lower() not in names:
        raise malformed_query(f"Field must be grouped or aggregated: {item}")
    position = names.index(item.lower())
    return resolve_path(context, sobject, item).field.name, lambda key, _: key[position]


def _aggregate(context: QueryContext, function: str, path: QueryPath, rows: list[SandboxRow]) -> Any:
    values = [value for row in rows if (value := path.value(context.store, row)) is not None]
    if path.field.type == "currency" and function not in ("count", "count_distinct"):
        values = _to_corporate_currency(context, path, rows)
    if function == "count":
        return len(values)
    if function == "count_distinct":
        return len(set(values))
    if not values:
        return None
    if function in ("min", "max"):
        return min(values) if function == "min" else max(values)
    total = sum((Decimal(str(value)) for value in values), Decimal())
    return float(total if function == "sum" else total / len(values))


def _to_corporate_currency(context: QueryContext, path: QueryPath, rows: list[SandboxRow]) -> list[Any]:
    """Returns the amounts in the org's own currency, as aggregates of an org with several are, whatever the group."""
    rates = conversion_rates(context.store)
    currency = replace(path, field=replace(path.field, name=CURRENCY_FIELD))
    amounts = [(row, value) for row in rows if (value := path.value(context.store, row)) is not None]
    if not rates:
        return [value for _, value in amounts]
    return [
        float(Decimal(str(value)) / Decimal(str(rates[currency.value(context.store, row)]))) for row, value in amounts
    ]


def _sort(select: Select, shown: list[SandboxRow]) -> list[SandboxRow]:
    for key in reversed(select.order):
        name = key.field.rsplit(".", maxsplit=1)[-1]
        if shown and name not in shown[0]:
            raise ApiError("MALFORMED_QUERY", f"Ordered field must be grouped or aggregated: {key.field}", None)
        values = [(_sort_value(row[name]), row) for row in shown]
        values.sort(key=itemgetter(0), reverse=key.is_descending)
        shown = [row for _, row in values]
    return shown


def _sort_value(value: Any) -> tuple[bool, Any]:
    return (False, "") if value is None else (True, value)
