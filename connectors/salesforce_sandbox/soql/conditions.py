"""Evaluates the conditions of a query for one row."""

from __future__ import annotations

import operator
import re
from datetime import date, datetime
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.schema import SObject
from connectors.salesforce_sandbox.records.store import SandboxRow
from connectors.salesforce_sandbox.soql.parser import BooleanExpression, FieldComparison, SoqlCondition

_ORDER_OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def resolve_field(sobject: SObject, name: str) -> str:
    for field in sobject.fields:
        if field.lower() == name.lower():
            return field
    raise ApiError("INVALID_FIELD", f"No such column '{name}' on entity '{sobject.name}'.", None)


def matches_condition(sobject: SObject, condition: SoqlCondition, row: SandboxRow) -> bool:
    if isinstance(condition, BooleanExpression):
        truths = (matches_condition(sobject, part, row) for part in condition.operands)
        if condition.kind == "not":
            return not next(truths)
        return all(truths) if condition.kind == "and" else any(truths)
    return _matches_comparison(sobject, condition, row)


def _matches_comparison(sobject: SObject, comparison: FieldComparison, row: SandboxRow) -> bool:
    name = resolve_field(sobject, comparison.field)
    kind = sobject.fields[name].type
    if comparison.operator in ("in", "not in"):
        operands = [_parse_operand(name, kind, value) for value in comparison.value]
        return (_to_comparable(kind, row[name]) in operands) == (comparison.operator == "in")
    value, operand = _to_comparable(kind, row[name]), _parse_operand(name, kind, comparison.value)
    if comparison.operator in ("=", "!="):
        return bool(value == operand) == (comparison.operator == "=")
    if value is None or operand is None:
        return False
    if comparison.operator == "like":
        return _matches_like(str(value), str(operand))
    return bool(_ORDER_OPERATORS[comparison.operator](value, operand))


def _to_comparable(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "datetime":
        return datetime.fromisoformat(value)
    if kind == "date":
        return date.fromisoformat(value)
    return value.casefold() if isinstance(value, str) else value


def _parse_operand(name: str, kind: str, value: Any) -> Any:
    if value is None:
        return None
    fits = {
        "datetime": isinstance(value, datetime),
        "date": isinstance(value, date) and not isinstance(value, datetime),
        "boolean": isinstance(value, bool),
        "currency": isinstance(value, int | float) and not isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
    }.get(kind, isinstance(value, str))
    if not fits:
        raise ApiError("INVALID_FIELD", f"value of filter criterion for field '{name}' must be of type {kind}", None)
    if kind in ("id", "reference"):
        value = ids.to_18(value)
    return value.casefold() if isinstance(value, str) else value


def _matches_like(value: str, pattern: str) -> bool:
    parts = (".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None
