"""Finds what in one leaf can never be true, is always true or has no effect, and says what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.conditions import NumberOperators, Operators
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.conditions.numbers import number_from
from streams.engine.conditions.operand_types import (
    DATE_OPERATORS,
    EQUALITY_OPERATORS,
    EXISTENCE_OPERATORS,
    ORDER_OPERATORS,
    OperatorMap,
    to_tuple,
)
from streams.engine.conditions.regex import EMPTY_PATTERN
from streams.engine.conditions.text import CaseFold, compiled_pattern, fold_for
from streams.engine.validation.problem import DocumentPath, Problem
from streams.hints import describe_value

_NEGATIVE_OPERATORS = frozenset({"ne", "not_in", "not_contains"})
_EMPTY_LIST_MESSAGES = {
    "in": "an empty list means nobody; name a value, or write {any: []}, which is nobody",
    "not_in": "an empty list leaves nobody out; name a value, or leave not_in away",
    "contains_any": "an empty list means nobody; name a value, or write {any: []}, which is nobody",
    "contains_all": "an empty list asks for nothing; name a value, or write exists: true",
}
_TEXT_TYPES = frozenset({"text", "dates"})
"""Types that a text operand may have, because dates are written as text."""
_TEXT_OPERATORS = frozenset({"starts_with", "ends_with", "matches"})
_LIST_OPERATORS = frozenset({"contains_any", "contains_all", "has_item"})
_EMPTY_TEXT_MESSAGES = {
    "contains": "every text contains the empty one; write exists: true, or empty: false",
    "not_contains": "every text contains the empty one; write exists: false",
    "starts_with": "every text starts with the empty one; write exists: true, or empty: false",
    "ends_with": "every text ends with the empty one; write exists: true, or empty: false",
    "matches": "the empty pattern matches in every text; write exists: true, or empty: false",
}
_OPERATORS_TRUE_OF_EMPTY = frozenset({"eq", "in", "contains", "starts_with", "ends_with"})
"""Operators that are true of `""` when their operand is `""`."""
_ALWAYS_PRESENT = {
    "score": "a score is always there: without any points it is 0; write eq: 0",
    "points": "a lead always has points: without any they are 0; write eq: 0",
}

_ALWAYS_TRUE_OPERATORS = {"score": ("empty",), "points": ("exists", "empty")}


def contradiction_problems(
    operators: Operators,
    operands: OperatorMap,
    property_type: PropertyType | None,
    path: DocumentPath,
    version: EngineVersion,
) -> list[Problem]:
    """Returns the contradictions among operators that each fit the declared type."""
    fold = fold_for(
        case_sensitive=operators.case_sensitive, ignores_accents=operators.accents == "ignore", version=version
    )
    problems = (
        empty_list_problems(operands, path)
        + _missing_value_problems(operands, path)
        + _empty_value_problems(operands, fold, path)
    )
    if version >= 4 and property_type != "list":  # a list may have an empty item
        problems += _empty_text_problems(operators, operands, fold, path)
    return problems if property_type is not None else problems + _type_conflict_problems(operands, path, version)


def _empty_text_problems(
    operators: Operators, operands: OperatorMap, fold: CaseFold, path: DocumentPath
) -> list[Problem]:
    """Returns a problem for each operator on parts of a text whose operand is a part of every text."""
    folded = {name: fold(one) for name, one in operands.items() if isinstance(one, str) and name != "matches"}
    if "matches" in operands:
        pattern = compiled_pattern(
            operands["matches"],
            case_sensitive=operators.case_sensitive,
            ignores_accents=operators.accents == "ignore",
        )
        folded["matches"] = pattern.removeprefix(EMPTY_PATTERN)
    empty = [name for name in _EMPTY_TEXT_MESSAGES if folded.get(name) == ""]
    return [Problem((*path, name), _empty_text_message(name, operands[name])) for name in empty]


def _empty_text_message(name: str, operand: str) -> str:
    message = _EMPTY_TEXT_MESSAGES[name]
    if operand in ("", EMPTY_PATTERN):
        return message
    return f"nothing is left of {describe_value(operand)} without its accents, and {message}"


def empty_list_problems(operands: OperatorMap, path: DocumentPath) -> list[Problem]:
    """Returns a problem for each empty list of operands."""
    empty = [name for name in _EMPTY_LIST_MESSAGES if operands.get(name) == ()]
    return [Problem((*path, name), _EMPTY_LIST_MESSAGES[name]) for name in empty]


def empty_number_list_problems(operators: NumberOperators, path: DocumentPath) -> list[Problem]:
    """Returns the same problems for a score or points."""
    return empty_list_problems({"in": operators.in_, "not_in": operators.not_in}, path)


def _missing_value_problems(operands: OperatorMap, path: DocumentPath) -> list[Problem]:
    others = [name for name in operands if name != "exists"]
    if operands.get("exists") is not False or not others:
        return []
    message = f"exists: false stands alone: there is no value for {others[0]} to speak of; leave one of them out"
    return [Problem((*path, "exists"), message)]


def _empty_value_problems(operands: OperatorMap, fold: CaseFold, path: DocumentPath) -> list[Problem]:
    if operands.get("empty") is not True:
        return []
    other = next((name for name, value in operands.items() if not _can_hold_of_empty(name, value, fold)), None)
    if other is None:
        return []
    message = f"no empty value meets {other}; leave one of them out, or put each in a leaf of any:"
    return [Problem((*path, "empty"), message)]


def _can_hold_of_empty(name: str, operand: Any, fold: CaseFold) -> bool:
    """Whether the operator may be true of a value that is empty or missing."""
    if name in EXISTENCE_OPERATORS or name in _NEGATIVE_OPERATORS or name == "matches":
        return True
    texts = [one for one in to_tuple(operand) if isinstance(one, str)]
    return name in _OPERATORS_TRUE_OF_EMPTY and "" in map(fold, texts)


def _type_conflict_problems(operands: OperatorMap, path: DocumentPath, version: EngineVersion) -> list[Problem]:
    """An undeclared value has one type, and each operator is true of values of some types only."""
    known_types: dict[str, frozenset[str]] = {}
    met_types: dict[str, frozenset[str]] = {}
    for name, operand in operands.items():
        types = _operator_types(name, operand)
        if types is None:
            continue
        met = types if version < 4 else _with_numbers(name, operand, types)
        other = next((operator for operator in met_types if not met_types[operator] & met), None)
        if other is not None:
            conflict = f"{other} takes {_join_with_or(known_types[other])} and {name} {_join_with_or(types)}"
            return [Problem((*path, name), f"{conflict}: no value is both; put each in a leaf of any:")]
        known_types[name], met_types[name] = types, met
    return []


def _with_numbers(name: str, operand: Any, types: frozenset[str]) -> frozenset[str]:
    """Returns the types, with numbers where the operator is true of text, because some text counts as a number.

    Text that is equal to an operand counts as a number where the operand does.
    """
    if "text" not in types:
        return types
    if name in EQUALITY_OPERATORS and all(number_from(one) is None for one in to_tuple(operand)):
        return types
    return types | {"numbers"}


def _operator_types(name: str, operand: Any) -> frozenset[str] | None:
    """Returns the types of value of which the operator may be true; None for any."""
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
    types = frozenset(name for one in to_tuple(operand) for name in _operand_types(one))
    return types - {"text"} if name in ORDER_OPERATORS else types


def _operand_types(operand: Any) -> frozenset[str]:
    if isinstance(operand, str):
        return _TEXT_TYPES
    return frozenset({"true or false"} if isinstance(operand, bool) else {"numbers"})


def _join_with_or(types: frozenset[str]) -> str:
    return " or ".join(sorted(types - {"dates"} if "text" in types else types))


def existence_problems(operands: OperatorMap, path: DocumentPath, owner: str) -> list[Problem]:
    """Returns a problem for `exists` and `empty` of a status, because a status always exists."""
    return [
        Problem((*path, name), f"{owner} always has a status; write eq, ne, in or not_in")
        for name in ("exists", "empty")
        if name in operands
    ]


def misplaced_key_problems(raw: Mapping[str, Any], subject: str, path: DocumentPath) -> list[Problem]:
    """Returns a problem for each key that other subjects have, and that has no effect beside this one."""
    problems = []
    if "held_for" in raw and subject not in ("property", "tags"):
        message = f"held_for stands beside a property or tags; how long {subject} has held is not followed"
        problems.append(Problem((*path, "held_for"), message))
    inside = raw.get(subject)
    if subject in _ALWAYS_PRESENT and isinstance(inside, Mapping):
        problems += [
            Problem((*path, subject, name), _ALWAYS_PRESENT[subject])
            for name in _ALWAYS_TRUE_OPERATORS[subject]
            if name in inside
        ]
    return problems
