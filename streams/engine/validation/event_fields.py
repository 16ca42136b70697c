"""Validates the operators of a filter: what a field of an event can be, and what it never is."""

from __future__ import annotations

from schemas.conditions import Operators
from schemas.engine_versions import EngineVersion
from streams.engine.conditions.activities.event_fields import (
    QUERY_PREFIX,
    UNDECLARED_FIELDS_VERSION,
    is_always_text,
)
from streams.engine.conditions.numbers import is_number
from streams.engine.conditions.operand_types import EQUALITY_OPERATORS, to_tuple
from streams.engine.validation.operators import operator_problems, operators_by_name
from streams.engine.validation.problem import DocumentPath, Problem

_DECLARED_TEXT = frozenset({"url", "path", "host", "title", "referrer", "campaign", "name"})
"""Fields that older versions take as declared text, as `query.x`; the JSON value of any other decides its type."""
_LIST_OPERATORS = ("contains_any", "contains_all", "has_item")
_CONTAINS_OPERATORS = ("contains", "not_contains")


def field_problems(
    operators: Operators, name: str, engine_version: EngineVersion, path: DocumentPath
) -> list[Problem]:
    """Returns the faults of the operators on the field `name` of an event."""
    if engine_version < UNDECLARED_FIELDS_VERSION:
        is_text = name in _DECLARED_TEXT or name.startswith(QUERY_PREFIX)
        return operator_problems(operators, name, "text" if is_text else None, path, engine_version)
    problems = operator_problems(operators, name, None, path, engine_version)
    return problems or (_text_problems(operators, name, path) if is_always_text(name) else [])


def _text_problems(operators: Operators, name: str, path: DocumentPath) -> list[Problem]:
    """Returns a problem for each operator that no text ever meets, or every text."""
    operands = operators_by_name(operators)
    problems = [
        Problem((*path, operator), f"{operator} is for lists, and {name} is always text")
        for operator in _LIST_OPERATORS
        if operator in operands
    ]
    problems += [
        Problem((*path, operator), f"{name} is always text, which is neither true nor false; put it in quotes")
        for operator in sorted(EQUALITY_OPERATORS & operands.keys())
        if any(isinstance(one, bool) for one in to_tuple(operands[operator]))
    ]
    problems += [
        Problem((*path, operator), f"{name} is always text, which has no items; put what it contains in quotes")
        for operator in _CONTAINS_OPERATORS
        if isinstance(operands.get(operator), bool) or is_number(operands.get(operator))
    ]
    return problems
