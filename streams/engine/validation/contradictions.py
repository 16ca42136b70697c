"""What in one leaf can never be true, always is, or says nothing: refused, with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.conditions import NumberOperators
from schemas.definitions import PropertyType
from streams.engine.conditions.operand_types import (
    DATE_OPERATORS,
    EXISTENCE_OPERATORS,
    ORDER_OPERATORS,
    OperatorMap,
    to_tuple,
)
from streams.engine.validation.problem import DocumentPath, Problem

_NEGATIVE_OPERATORS = frozenset({"ne", "not_in", "not_contains"})
_EMPTY_LIST_MESSAGES = {
    "in": "an empty list means nobody; name a value, or write {any: []}, which is nobody",
    "not_in": "an empty list leaves nobody out; name a value, or leave not_in away",
    "contains_any": "an empty list means nobody; name a value, or write {any: []}, which is nobody",
    "contains_all": "an empty list asks for nothing; name a value, or write exists: true",
}
_TEXT_TYPES = frozenset({"text", "dates"})
"""Dates are text, too."""
_TEXT_OPERATORS = frozenset({"starts_with", "ends_with", "matches"})
_LIST_OPERATORS = frozenset({"contains_any", "contains_all", "has_item"})
_OPERATORS_TRUE_OF_EMPTY = frozenset({"eq", "in", "contains", "starts_with", "ends_with"})
"""These hold of `""` where they are set against it."""
_ALWAYS_PRESENT = {
    "score": "a score is always there: without any points it is 0; write eq: 0",
    "points": "a lead always has points: without any they are 0; write eq: 0",
}


def contradiction_problems(
    operands: OperatorMap, property_type: PropertyType | None, path: DocumentPath
) -> list[Problem]:
    """What says nothing, or never holds, among operators that each fit the declared type."""
    problems = (
        empty_list_problems(operands, path)
        + _missing_value_problems(operands, path)
        + _empty_value_problems(operands, path)
    )
    return problems if property_type is not None else problems + _type_conflict_problems(operands, path)


def empty_list_problems(operands: OperatorMap, path: DocumentPath) -> list[Problem]:
    """Lists to be compared with that name nothing."""
    return [Problem((*path, name), said) for name, said in _EMPTY_LIST_MESSAGES.items() if operands.get(name) == ()]


def empty_number_list_problems(operators: NumberOperators, path: DocumentPath) -> list[Problem]:
    """The same of a score or of points."""
    return empty_list_problems({"in": operators.in_, "not_in": operators.not_in}, path)


def _missing_value_problems(operands: OperatorMap, path: DocumentPath) -> list[Problem]:
    others = [name for name in operands if name != "exists"]
    if operands.get("exists") is not False or not others:
        return []
    message = f"exists: false stands alone: there is no value for {others[0]} to speak of; leave one of them out"
    return [Problem((*path, "exists"), message)]


def _empty_value_problems(operands: OperatorMap, path: DocumentPath) -> list[Problem]:
    if operands.get("empty") is not True:
        return []
    other = next((name for name, value in operands.items() if not _can_hold_of_empty(name, value)), None)
    if other is None:
        return []
    message = f"no empty value meets {other}; leave one of them out, or put each in a leaf of any:"
    return [Problem((*path, "empty"), message)]


def _can_hold_of_empty(name: str, operand: Any) -> bool:
    """Whether the operator may be true of a value that is empty or missing."""
    if name in EXISTENCE_OPERATORS or name in _NEGATIVE_OPERATORS or name == "matches":
        return True
    return name in _OPERATORS_TRUE_OF_EMPTY and "" in to_tuple(operand)


def _type_conflict_problems(operands: OperatorMap, path: DocumentPath) -> list[Problem]:
    """An undeclared value has one type, and each operator holds of values of some types only."""
    seen: dict[str, frozenset[str]] = {}
    for name, operand in operands.items():
        types = _operator_types(name, operand)
        other = next((one for one, its in seen.items() if types is not None and not its & types), None)
        if other is not None and types is not None:
            kinds = f"{other} takes {_join_with_or(seen[other])} and {name} {_join_with_or(types)}"
            return [Problem((*path, name), f"{kinds}: no value is both; put each in a leaf of any:")]
        if types is not None:
            seen[name] = types
    return []


def _operator_types(name: str, operand: Any) -> frozenset[str] | None:
    """The types of value of which the operator may be true; None for any."""
    if name in EXISTENCE_OPERATORS or name in _NEGATIVE_OPERATORS:
        return None
    if name in _TEXT_OPERATORS:
        return _TEXT_TYPES
    if name in DATE_OPERATORS:
        return frozenset({"dates"})
    if name in _LIST_OPERATORS:
        return frozenset({"lists"})
    if name == "contains":
        return _TEXT_TYPES | {"lists"} if isinstance(operand, str) else frozenset({"lists"})
    types = frozenset(each for one in to_tuple(operand) for each in _operand_types(one))
    return types - {"text"} if name in ORDER_OPERATORS else types


def _operand_types(operand: Any) -> frozenset[str]:
    if isinstance(operand, str):
        return _TEXT_TYPES
    return frozenset({"true or false"} if isinstance(operand, bool) else {"numbers"})


def _join_with_or(types: frozenset[str]) -> str:
    return " or ".join(sorted(types - {"dates"} if "text" in types else types))


def existence_problems(operands: OperatorMap, path: DocumentPath, owner: str) -> list[Problem]:
    """`exists` and `empty` of a status, which is always there."""
    return [
        Problem((*path, name), f"{owner} always has a status; write eq, ne, in or not_in")
        for name in ("exists", "empty")
        if name in operands
    ]


def misplaced_key_problems(raw: Mapping[str, Any], subject: str, path: DocumentPath) -> list[Problem]:
    """What is known of other subjects, and says nothing or is not served beside this one."""
    problems = []
    if "held_for" in raw and subject not in ("property", "tags"):
        message = f"held_for stands beside a property or tags; how long {subject} has held is not followed"
        problems.append(Problem((*path, "held_for"), message))
    inside = raw.get(subject)
    if subject in _ALWAYS_PRESENT and isinstance(inside, Mapping):
        problems += [
            Problem((*path, subject, name), _ALWAYS_PRESENT[subject])
            for name in EXISTENCE_OPERATORS
            if name in inside
        ]
    return problems
