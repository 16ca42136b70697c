"""Compiles the condition of a query to a test of one row."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.schema import NUMBER_TYPES, SObject, SObjectField
from connectors.salesforce_sandbox.records.store import SandboxRow
from connectors.salesforce_sandbox.soql.paths import QueryContext, QueryPath, resolve_path
from connectors.salesforce_sandbox.soql.syntax import BooleanExpression, FieldComparison, Select, SoqlCondition

RowTest = Callable[[SandboxRow], bool]
SubSelect = Callable[[Select], Collection[str]]
"""Runs a query inside a condition and returns its ids."""
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_condition(
    context: QueryContext, sobject: SObject, condition: SoqlCondition, sub_select: SubSelect
) -> RowTest:
    """Returns the test. Raises ApiError for a field that does not exist or a value that does not fit it."""
    if isinstance(condition, BooleanExpression):
        tests = [compile_condition(context, sobject, each, sub_select) for each in condition.operands]
        if condition.kind == "not":
            return lambda row: not tests[0](row)
        if condition.kind == "and":
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)
    path = resolve_path(context, sobject, condition.field)
    if path.field.type == "textarea" and path.field.length > 255:
        raise ApiError("INVALID_FIELD", f"field '{condition.field}' can not be filtered in a query call", None)
    test = _compile_test(path.field, condition, sub_select)
    value = _value_getter(context, path)
    return lambda row: test(value(row))


def operand_values(field: SObjectField, comparison: FieldComparison, sub_select: SubSelect) -> list[Any]:
    """Returns the values of a comparison in the form in which the store holds and compares them. Raises ApiError."""
    if isinstance(comparison.value, Select):
        return list(sub_select(comparison.value))
    values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    return [_parse_operand(field, value) for value in values]


def _value_getter(context: QueryContext, path: QueryPath) -> Callable[[SandboxRow], Any]:
    if path.steps:
        return lambda row: _to_comparable(path.value(context.store, row))
    name = path.field.name
    return lambda row: _to_comparable(row[name])


def _compile_test(field: SObjectField, comparison: FieldComparison, sub_select: SubSelect) -> Callable[[Any], bool]:
    sign = comparison.operator
    operands = [_to_comparable(each) for each in operand_values(field, comparison, sub_select)]
    if sign in ("includes", "excludes"):
        return _compile_includes(operands, is_included=sign == "includes")
    if sign in ("in", "not in"):
        choices = frozenset(operands)
        return (lambda value: value in choices) if sign == "in" else (lambda value: value not in choices)
    [operand] = operands
    if sign == "=":
        return lambda value: bool(value == operand)
    if sign == "!=":
        return lambda value: bool(value != operand)
    if operand is None:
        return lambda _: False
    if sign == "like":
        pattern = _like_pattern(str(operand))
        return lambda value: value is not None and pattern.fullmatch(str(value)) is not None
    compare = _COMPARISONS[sign]
    return lambda value: value is not None and compare(value, operand)


def _compile_includes(operands: list[Any], *, is_included: bool) -> Callable[[Any], bool]:
    groups = [frozenset(str(each).split(";")) for each in operands]

    def test(value: Any) -> bool:
        parts = frozenset(str(value or "").split(";"))
        return any(group <= parts for group in groups) is is_included

    return test


def _to_comparable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _parse_operand(field: SObjectField, value: Any) -> Any:
    """Dates and date-times become the text in which rows hold them: its order is that of time."""
    if value is None:
        return None
    fits = {
        "datetime": isinstance(value, datetime),
        "date": isinstance(value, date) and not isinstance(value, datetime),
        "boolean": isinstance(value, bool),
        **dict.fromkeys(NUMBER_TYPES, isinstance(value, int | float) and not isinstance(value, bool)),
    }.get(field.type, isinstance(value, str))
    if not fits:
        quotes = "" if isinstance(value, str) else " and should be enclosed in quotes"
        if field.type in ("date", "datetime", "boolean", *NUMBER_TYPES):
            quotes = " and should not be enclosed in quotes"
        raise ApiError(
            "INVALID_FIELD",
            f"value of filter criterion for field '{field.name}' must be of type {field.type}{quotes}",
            None,
        )
    if isinstance(value, datetime):
        instant = value.astimezone(UTC)
        return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}+0000"
    if isinstance(value, date):
        return value.isoformat()
    if field.type not in ("id", "reference"):
        return value
    if not ids.is_id(value):
        raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}", None)
    return ids.to_18(value)


def _like_pattern(pattern: str) -> re.Pattern[str]:
    parts = (".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in pattern)
    return re.compile("".join(parts), re.DOTALL)
