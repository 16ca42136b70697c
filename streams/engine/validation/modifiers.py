"""Finds `in_zone`, `case_sensitive` and `accents` where they have no effect, which their author did not intend."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.conditions import MomentOperators, Operators, Window
from schemas.definitions import PropertyType
from streams.engine.conditions.operand_types import EQUALITY_OPERATORS, OperatorMap, to_tuple
from streams.engine.conditions.operators import uses_dates
from streams.engine.validation.problem import DocumentPath, Problem
from streams.hints import describe_value

_TEXT_OPERATORS = EQUALITY_OPERATORS | {"starts_with", "ends_with", "matches"}
_TEXT_OR_LIST_OPERATORS = _TEXT_OPERATORS | {"contains", "not_contains", "contains_any", "contains_all"}


def modifier_problems(
    operators: Operators, operands: OperatorMap, property_type: PropertyType | None, path: DocumentPath
) -> list[Problem]:
    """Returns a problem for each modifier that has no effect on the operators beside it."""
    problems = []
    if operators.in_zone != "account" and not uses_dates(operators, property_type):
        problems.append(Problem((*path, "in_zone"), "in_zone is for dates, and none is compared here; leave it out"))
    written = {"case_sensitive": operators.case_sensitive, "accents": operators.accents is not None}
    if not _compares_text(operands, property_type):
        inside = ", or write it inside of has_item" if "has_item" in operands else ""
        problems += [
            Problem((*path, name), f"{name} is for text, and none is compared here; leave it out{inside}")
            for name, is_written in written.items()
            if is_written
        ]
    return problems


def _compares_text(operands: OperatorMap, property_type: PropertyType | None) -> bool:
    if property_type in ("date", "datetime"):
        return False
    operand_values = [one for name in _TEXT_OR_LIST_OPERATORS & operands.keys() for one in to_tuple(operands[name])]
    return any(isinstance(one, str) for one in operand_values)


def upper_case_problems(
    operators: Operators, operands: OperatorMap, subject: str, path: DocumentPath
) -> list[Problem]:
    """Returns a problem for each upper-case operand that is compared with text stored in lower case."""
    if not operators.case_sensitive:
        return []
    names = [name for name in operands if name in _TEXT_OR_LIST_OPERATORS and name != "matches"]
    pairs = [(operator, one) for operator in names for one in to_tuple(operands[operator])]
    return [
        Problem(
            (*path, operator),
            f"{subject} is kept in lower case, and {describe_value(one)} is not; write {one.lower()}",
        )
        for operator, one in pairs
        if isinstance(one, str) and one != one.lower()
    ]


def unused_zone_problems(
    operators: MomentOperators | Window, names: Iterable[str], path: DocumentPath
) -> list[Problem]:
    """Returns a problem for `in_zone` when none of `names`, the operators that depend on a zone, is set."""
    zone_operators = tuple(names)
    if operators.in_zone == "account" or any(getattr(operators, name) is not None for name in zone_operators):
        return []
    return [Problem((*path, "in_zone"), f"in_zone is for the dates of {' and '.join(zone_operators)}; leave it out")]
