"""What in one leaf can never be true, always is, or says nothing: refused, with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.conditions import NumberOperators
from schemas.definitions import PropertyType
from streams.engine.conditions.operand_types import DATES, EXISTENCE, ORDER, Written, listed
from streams.engine.validation.problem import Path, Problem

_NEGATIVE = frozenset({"ne", "not_in", "not_contains"})
_LISTS = {
    "in": "an empty list means nobody; name a value, or write {any: []}, which is nobody",
    "not_in": "an empty list leaves nobody out; name a value, or leave not_in away",
    "contains_any": "an empty list means nobody; name a value, or write {any: []}, which is nobody",
    "contains_all": "an empty list asks for nothing; name a value, or write exists: true",
}
_TEXT = frozenset({"text", "dates"})
"""Dates are text, too."""
_OF_TEXT = frozenset({"starts_with", "ends_with", "matches"})
_OF_LISTS = frozenset({"contains_any", "contains_all", "has_item"})
_MAY_BE_EMPTY = frozenset({"eq", "in", "contains", "starts_with", "ends_with"})
"""These hold of `""` where they are set against it."""
_ALWAYS_THERE = {
    "score": "a score is always there: without any points it is 0; write eq: 0",
    "points": "a lead always has points: without any they are 0; write eq: 0",
}


def pointless_operators(written: Written, declared: PropertyType | None, path: Path) -> list[Problem]:
    """What says nothing, or never holds, among operators that each fit the declared type."""
    problems = empty_lists(written, path) + _of_missing_values(written, path) + _of_empty_values(written, path)
    return problems if declared is not None else problems + _of_two_types(written, path)


def empty_lists(written: Written, path: Path) -> list[Problem]:
    """Lists to be compared with that name nothing."""
    return [Problem((*path, name), said) for name, said in _LISTS.items() if written.get(name) == ()]


def empty_number_lists(operators: NumberOperators, path: Path) -> list[Problem]:
    """The same of a score or of points."""
    return empty_lists({"in": operators.in_, "not_in": operators.not_in}, path)


def _of_missing_values(written: Written, path: Path) -> list[Problem]:
    others = [name for name in written if name != "exists"]
    if written.get("exists") is not False or not others:
        return []
    message = f"exists: false stands alone: there is no value for {others[0]} to speak of; leave one of them out"
    return [Problem((*path, "exists"), message)]


def _of_empty_values(written: Written, path: Path) -> list[Problem]:
    if written.get("empty") is not True:
        return []
    other = next((name for name, value in written.items() if not _may_hold_of_nothing(name, value)), None)
    if other is None:
        return []
    message = f"no empty value meets {other}; leave one of them out, or put each in a leaf of any:"
    return [Problem((*path, "empty"), message)]


def _may_hold_of_nothing(name: str, operand: Any) -> bool:
    """Whether the operator may be true of a value that is empty or missing."""
    if name in EXISTENCE or name in _NEGATIVE or name == "matches":
        return True
    return name in _MAY_BE_EMPTY and "" in listed(operand)


def _of_two_types(written: Written, path: Path) -> list[Problem]:
    """An undeclared value has one type, and each operator holds of values of some types only."""
    seen: dict[str, frozenset[str]] = {}
    for name, operand in written.items():
        types = _types_for(name, operand)
        other = next((one for one, its in seen.items() if types is not None and not its & types), None)
        if other is not None and types is not None:
            kinds = f"{other} takes {_either(seen[other])} and {name} {_either(types)}"
            return [Problem((*path, name), f"{kinds}: no value is both; put each in a leaf of any:")]
        if types is not None:
            seen[name] = types
    return []


def _types_for(name: str, operand: Any) -> frozenset[str] | None:
    """The types of value of which the operator may be true; None for any."""
    if name in EXISTENCE or name in _NEGATIVE:
        return None
    if name in _OF_TEXT:
        return _TEXT
    if name in DATES:
        return frozenset({"dates"})
    if name in _OF_LISTS:
        return frozenset({"lists"})
    if name == "contains":
        return _TEXT | {"lists"} if isinstance(operand, str) else frozenset({"lists"})
    types = frozenset(each for one in listed(operand) for each in _types_of(one))
    return types - {"text"} if name in ORDER else types


def _types_of(operand: Any) -> frozenset[str]:
    if isinstance(operand, str):
        return _TEXT
    return frozenset({"true or false"} if isinstance(operand, bool) else {"numbers"})


def _either(types: frozenset[str]) -> str:
    return " or ".join(sorted(types - {"dates"} if "text" in types else types))


def existence(written: Written, path: Path, whose: str) -> list[Problem]:
    """`exists` and `empty` of a status, which is always there."""
    return [
        Problem((*path, name), f"{whose} always has a status; write eq, ne, in or not_in")
        for name in ("exists", "empty")
        if name in written
    ]


def misplaced(raw: Mapping[str, Any], subject: str, path: Path) -> list[Problem]:
    """What is known of other subjects, and says nothing or is not served beside this one."""
    problems = []
    if "held_for" in raw and subject not in ("property", "tags"):
        message = f"held_for stands beside a property or tags; how long {subject} has held is not followed"
        problems.append(Problem((*path, "held_for"), message))
    inside = raw.get(subject)
    if subject in _ALWAYS_THERE and isinstance(inside, Mapping):
        problems += [Problem((*path, subject, name), _ALWAYS_THERE[subject]) for name in EXISTENCE if name in inside]
    return problems
