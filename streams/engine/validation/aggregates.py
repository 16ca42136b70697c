"""Validates `sum`, `average` and `distinct` of visit and activity leaves."""

from __future__ import annotations

from schemas.conditions import AmountOperators, DistinctOperators, Window
from streams.engine.conditions.activities.aggregates import CONFLICTING_KEYS, aggregates_of
from streams.engine.conditions.numbers import is_number, is_within_double
from streams.engine.conditions.operand_types import OperatorMap, to_tuple
from streams.engine.validation.operators import bound_problems
from streams.engine.validation.problem import DocumentPath, Problem
from streams.engine.validation.ranges import distinct_range_problems, number_range_problems


def aggregate_problems(leaf: Window, path: DocumentPath) -> list[Problem]:
    """Returns what such a leaf lacks, what cannot stand beside it, and what no value or every value meets."""
    problems: list[Problem] = []
    for name in aggregates_of(leaf):
        problems += _operators_problems(getattr(leaf, name), name, (*path, name))
        problems += [
            Problem((*path, name), f"{name} stands alone: it cannot stand beside {other}; use a leaf for each")
            for other in CONFLICTING_KEYS
            if getattr(leaf, other) is not None
        ]
    return problems


def _operators_problems(
    operators: AmountOperators | DistinctOperators, name: str, path: DocumentPath
) -> list[Problem]:
    if not operators.of:
        return [Problem((*path, "of"), f"the name of the field is needed whose values {name} takes")]
    problems = bound_problems(operators, path)
    if isinstance(operators, DistinctOperators):
        return problems or distinct_range_problems(operators, path)
    operands = operators.model_dump(exclude_none=True)
    return problems or _beyond_double_problems(operands, path) or number_range_problems(operands, path)


def _beyond_double_problems(operands: OperatorMap, path: DocumentPath) -> list[Problem]:
    """Returns a problem for each operand that no JSON reader may hold, as for the numbers of properties."""
    return [
        Problem((*path, name), "a number within a double's range is needed here, about 1.8e308")
        for name, operand in operands.items()
        if not all(is_within_double(one) for one in to_tuple(operand) if is_number(one))
    ]
