"""`in_zone` and `case_sensitive` where they say nothing: refused, since they were meant to."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.conditions import MomentOperators, Operators, Window
from schemas.definitions import PropertyType
from streams.engine.conditions.operand_types import EQUALITY_OPERATORS, OperatorMap, to_tuple
from streams.engine.conditions.operators import uses_dates
from streams.engine.validation.problem import DocumentPath, Problem, describe_value

_TEXT_OPERATORS = EQUALITY_OPERATORS | {"starts_with", "ends_with", "matches"}
_TEXT_OR_LIST_OPERATORS = _TEXT_OPERATORS | {"contains", "not_contains", "contains_any", "contains_all"}


def modifier_problems(
    operators: Operators, operands: OperatorMap, property_type: PropertyType | None, path: DocumentPath
) -> list[Problem]:
    """`in_zone` and `case_sensitive` beside operators that they say nothing of."""
    problems = []
    if operators.in_zone != "account" and not uses_dates(operators, property_type):
        problems.append(Problem((*path, "in_zone"), "in_zone is for dates, and none is compared here; leave it out"))
    if operators.case_sensitive and not _compares_text(operands, property_type):
        message = "case_sensitive is for text, and none is compared here; leave it out"
        inside = ", or write it inside of has_item" if "has_item" in operands else ""
        problems.append(Problem((*path, "case_sensitive"), message + inside))
    return problems


def _compares_text(operands: OperatorMap, property_type: PropertyType | None) -> bool:
    if property_type in ("date", "datetime"):
        return False
    compared = [one for name in _TEXT_OR_LIST_OPERATORS & operands.keys() for one in to_tuple(operands[name])]
    return any(isinstance(one, str) for one in compared)


def upper_case_problems(
    operators: Operators, operands: OperatorMap, subject: str, path: DocumentPath
) -> list[Problem]:
    """Of text that is kept in lower case: upper case that is never found in it."""
    if not operators.case_sensitive:
        return []
    names = [name for name in operands if name in _TEXT_OR_LIST_OPERATORS and name != "matches"]
    compared = [(operator, one) for operator in names for one in to_tuple(operands[operator])]
    return [
        Problem(
            (*path, operator),
            f"{subject} is kept in lower case, and {describe_value(one)} is not; write {one.lower()}",
        )
        for operator, one in compared
        if isinstance(one, str) and one != one.lower()
    ]


def unused_zone_problems(
    operators: MomentOperators | Window, names: Iterable[str], path: DocumentPath
) -> list[Problem]:
    """`in_zone` where none of these, which a zone matters to, is given."""
    wanted = tuple(names)
    if operators.in_zone == "account" or any(getattr(operators, name) is not None for name in wanted):
        return []
    return [Problem((*path, "in_zone"), f"in_zone is for the dates of {' and '.join(wanted)}; leave it out")]
