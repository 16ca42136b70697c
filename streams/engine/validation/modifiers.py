"""`in_zone` and `case_sensitive` where they say nothing: refused, since they were meant to."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.conditions import MomentOperators, Operators, Window
from schemas.definitions import PropertyType
from streams.engine.conditions.operand_types import EQUALITY, Written, listed
from streams.engine.conditions.operators import uses_dates
from streams.engine.validation.problem import Path, Problem, shown

_OF_TEXT = EQUALITY | {"starts_with", "ends_with", "matches"}
_OF_TEXT_OR_LISTS = _OF_TEXT | {"contains", "not_contains", "contains_any", "contains_all"}


def modifier_problems(
    operators: Operators, written: Written, declared: PropertyType | None, path: Path
) -> list[Problem]:
    """`in_zone` and `case_sensitive` beside operators that they say nothing of."""
    problems = []
    if operators.in_zone != "account" and not uses_dates(operators, declared):
        problems.append(Problem((*path, "in_zone"), "in_zone is for dates, and none is compared here; leave it out"))
    if operators.case_sensitive and not _compares_text(written, declared):
        message = "case_sensitive is for text, and none is compared here; leave it out"
        inside = ", or write it inside of has_item" if "has_item" in written else ""
        problems.append(Problem((*path, "case_sensitive"), message + inside))
    return problems


def _compares_text(written: Written, declared: PropertyType | None) -> bool:
    if declared in ("date", "datetime"):
        return False
    compared = [one for name in _OF_TEXT_OR_LISTS & written.keys() for one in listed(written[name])]
    return any(isinstance(one, str) for one in compared)


def capitals(operators: Operators, written: Written, text: str, path: Path) -> list[Problem]:
    """Of text that is kept in lower case: upper case that is never found in it."""
    if not operators.case_sensitive:
        return []
    names = [name for name in written if name in _OF_TEXT_OR_LISTS and name != "matches"]
    compared = [(operator, one) for operator in names for one in listed(written[operator])]
    return [
        Problem((*path, operator), f"{text} is kept in lower case, and {shown(one)} is not; write {one.lower()}")
        for operator, one in compared
        if isinstance(one, str) and one != one.lower()
    ]


def zone_of_no_date(operators: MomentOperators | Window, names: Iterable[str], path: Path) -> list[Problem]:
    """`in_zone` where none of these, which a zone matters to, is given."""
    wanted = tuple(names)
    if operators.in_zone == "account" or any(getattr(operators, name) is not None for name in wanted):
        return []
    return [Problem((*path, "in_zone"), f"in_zone is for the dates of {' and '.join(wanted)}; leave it out")]
