"""Validates `sum`, `average` and `distinct` of visit and activity leaves."""

from __future__ import annotations

from schemas.conditions import AmountOperators, DistinctOperators, Window
from streams.engine.conditions.activities.aggregates import CONFLICTING_KEYS, aggregates_of
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
    return problems or number_range_problems(operators.model_dump(exclude_none=True), path)
