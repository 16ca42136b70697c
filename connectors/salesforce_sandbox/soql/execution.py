"""Runs a parsed query: which rows, in which order, and how each is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.schema import SObject
from connectors.salesforce_sandbox.records.store import SandboxRow
from connectors.salesforce_sandbox.soql.aggregates import group_rows
from connectors.salesforce_sandbox.soql.conditions import RowTest, compile_condition
from connectors.salesforce_sandbox.soql.paths import QueryContext, QueryPath, related_row, resolve_path
from connectors.salesforce_sandbox.soql.planning import candidate_ids
from connectors.salesforce_sandbox.soql.semi_joins import check_semi_joins
from connectors.salesforce_sandbox.soql.syntax import Select, SoqlCondition, SortKey

MAX_OFFSET = 2_000
LONG_TEXT_PAGE_SIZE = 1_000
"""Pages of rows with a long text are shorter than others."""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query, how one is shown (with the API version in its address), and the bound of a page."""

    rows: list[SandboxRow]
    show: Callable[[SandboxRow, str], SandboxRow]
    max_page_size: int | None = None
    is_count: bool = False
    is_aggregate: bool = False


def run_query(context: QueryContext, select: Select, *, include_deleted: bool = False) -> QueryResult:
    """Returns the result of a query. Raises ApiError for an object or a field that it cannot use."""
    check_semi_joins(select)
    sobject = find_object(context, select.sobject)
    rows = _matching_rows(context, sobject, select, include_deleted=include_deleted)
    if select.is_aggregate:
        groups = group_rows(context, sobject, select, rows)
        groups = groups[select.offset :] if select.limit is None else groups[select.offset :][: select.limit]
        return QueryResult(groups, lambda group, _: group, is_aggregate=True)
    paths = [resolve_path(context, sobject, str(name)) for name in select.fields]
    rows = _sort(context, sobject, select.order, rows)
    if select.offset > MAX_OFFSET:
        message = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
        raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", message, None)
    rows = rows[select.offset :] if select.limit is None else rows[select.offset :][: select.limit]
    has_long_text = any(path.field.type == "textarea" and path.field.length > 255 for path in paths)
    return QueryResult(
        rows,
        lambda row, version: _show_row(context, sobject, paths, row, version),
        LONG_TEXT_PAGE_SIZE if has_long_text else None,
        is_count=not paths,
    )


def compile_rule(context: QueryContext, sobject: SObject, condition: SoqlCondition) -> RowTest:
    """Returns the test of one row that a condition outside of a query is. Raises ApiError."""
    return compile_condition(
        context, sobject, condition, lambda inner: _selected_ids(context, inner, include_deleted=False)
    )


def find_object(context: QueryContext, name: str) -> SObject:
    """Returns the object that a query names, whatever its case. Raises ApiError with INVALID_TYPE."""
    for sobject in context.schema.values():
        if sobject.name.lower() == name.lower():
            return sobject
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append "
        "the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )
    raise ApiError("INVALID_TYPE", message, None)


def _matching_rows(
    context: QueryContext, sobject: SObject, select: Select, *, include_deleted: bool
) -> list[SandboxRow]:
    results: dict[Select, Collection[str]] = {}

    def sub_select(inner: Select) -> Collection[str]:
        if inner not in results:
            results[inner] = _selected_ids(context, inner, include_deleted=include_deleted)
        return results[inner]

    record_ids = candidate_ids(context, sobject, select.where, sub_select)
    rows: Iterable[SandboxRow]
    if record_ids is None:
        rows = context.store.rows(sobject.name, include_deleted=include_deleted)
    else:
        rows = context.store.select(sobject.name, record_ids, include_deleted=include_deleted)
    if select.where is None:
        return list(rows)
    test = compile_condition(context, sobject, select.where, sub_select)
    return [row for row in rows if test(row)]


def _selected_ids(context: QueryContext, select: Select, *, include_deleted: bool) -> Collection[str]:
    sobject = find_object(context, select.sobject)
    path = resolve_path(context, sobject, str(select.fields[0]))
    if path.field.type not in ("id", "reference"):
        raise ApiError("INVALID_FIELD", f"The selected field '{select.fields[0]}' in the subquery is no id", None)
    rows = _matching_rows(context, sobject, select, include_deleted=include_deleted)
    return frozenset(value for row in rows if (value := path.value(context.store, row)) is not None)


def _sort(
    context: QueryContext, sobject: SObject, order: tuple[SortKey, ...], rows: list[SandboxRow]
) -> list[SandboxRow]:
    for sort_key in reversed(order):
        path = resolve_path(context, sobject, sort_key.field)
        empty = [row for row in rows if path.value(context.store, row) is None]
        full = [row for row in rows if path.value(context.store, row) is not None] if empty else rows
        full = sorted(full, key=_sort_value(context, path), reverse=sort_key.is_descending)
        rows = [*empty, *full] if sort_key.nulls_first else [*full, *empty]
    return rows


def _sort_value(context: QueryContext, path: QueryPath) -> Callable[[SandboxRow], Any]:
    if path.field.type in ("id", "datetime", "date") and not path.steps:
        return lambda row: row[path.field.name]

    def value(row: SandboxRow) -> Any:
        found = path.value(context.store, row)
        return found.casefold() if isinstance(found, str) else found

    return value


def _show_row(
    context: QueryContext, sobject: SObject, paths: list[QueryPath], row: SandboxRow, version: str
) -> SandboxRow:
    shown = _with_attributes(sobject, row, version)
    for path in paths:
        part, reached = shown, row
        for step in path.steps:
            other = related_row(context.store, step, reached)
            if other is None:
                part.setdefault(step.name, None)
                break
            if part.get(step.name) is None:
                part[step.name] = _with_attributes(step.target, other, version)
            part, reached = part[step.name], other
        else:
            part[path.field.name] = reached[path.field.name]
    return shown


def _with_attributes(sobject: SObject, row: SandboxRow, version: str) -> SandboxRow:
    url = f"/services/data/v{version}/sobjects/{sobject.name}/{row['Id']}"
    return {"attributes": {"type": sobject.name, "url": url}}
