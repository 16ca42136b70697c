"""Validates what is written under `when`: a tree of `all`, `any`, `not` over valid leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.conditions import SUBJECTS
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import CompileScope
from streams.engine.validation.context import ConditionUse, ValidationContext
from streams.engine.validation.contradictions import misplaced_key_problems
from streams.engine.validation.leaves import leaf_problems
from streams.engine.validation.operators import misfit_problems
from streams.engine.validation.problem import DocumentPath, Problem
from streams.engine.validation.schema import schema_problems, value_text
from streams.hints import describe_value, suggestion

MAX_CONDITION_DEPTH = 50
PLACEHOLDER_CONDITION = {"all": ()}
"""Takes the place of a condition while the rest of a segment or rule is validated."""
_BRANCHES = ("all", "any", "not")


def condition_problems(
    raw: object, context: ValidationContext, use: ConditionUse, path: DocumentPath, depth: int = 0
) -> list[Problem]:
    """Returns all faults of a condition as written."""
    if depth > MAX_CONDITION_DEPTH:
        return [Problem(path, f"conditions are nested more than {MAX_CONDITION_DEPTH} deep")]
    if not isinstance(raw, Mapping):
        return [
            Problem(
                path, f"a condition is a mapping such as {{property: country, eq: DE}}, not {describe_value(raw)}"
            )
        ]
    subjects = [key for key in raw if key in SUBJECTS]
    if len(subjects) != 1:
        return [_subject_problem(raw, subjects, context, path)]
    subject = subjects[0]
    if subject in _BRANCHES:
        return _branch_problems(raw, context, use, path, depth)
    return _leaf_problems(raw, subject, context, use, path)


def _subject_problem(
    raw: Mapping[str, Any], subjects: list[str], context: ValidationContext, path: DocumentPath
) -> Problem:
    if subjects:
        return Problem(
            path, f"one leaf has one subject, here are {' and '.join(subjects)}; put each in a leaf of all:"
        )
    if not raw:
        return Problem(path, "an empty mapping is no condition; {all: []} is everybody, {any: []} nobody")
    first = next(iter(raw))
    hint = suggestion(first, SUBJECTS)
    is_value = isinstance(raw[first], str | int | float)
    if first in context.property_types or (is_value and "did you mean" not in hint):
        value = value_text(raw[first]) if is_value else "..."
        hint = f"; a property is asked for with {{property: {first}, eq: {value}}}"
    return Problem((*path, str(first)), f"unknown condition {describe_value(first)}{hint}")


def _branch_problems(
    raw: Mapping[str, Any], context: ValidationContext, use: ConditionUse, path: DocumentPath, depth: int
) -> list[Problem]:
    subject = next(key for key in _BRANCHES if key in raw)
    here = (*path, subject)
    problems = [Problem((*path, str(key)), f"{key} cannot stand beside {subject}") for key in raw if key != subject]
    if subject == "not":
        return problems + condition_problems(raw["not"], context, use, here, depth + 1)
    children = raw[subject]
    if not isinstance(children, list | tuple):
        return [*problems, Problem(here, f"{subject} takes a list of conditions, not {describe_value(children)}")]
    for number, child in enumerate(children):
        problems += condition_problems(child, context, use, (*here, number), depth + 1)
    return problems


def _leaf_problems(
    raw: Mapping[str, Any], subject: str, context: ValidationContext, use: ConditionUse, path: DocumentPath
) -> list[Problem]:
    model = SUBJECTS[subject]
    problems = [
        Problem(null_path, "null is no value to compare with; a missing property is asked for with exists: false")
        for null_path in _null_paths(raw, path)
    ]
    problems = problems or _form_problems(raw, subject, context, path)
    problems = problems or leaf_problems(model.model_validate(raw), context, use, path)
    return problems or _compiler_problems(model.model_validate(raw), context, path)


def _form_problems(
    raw: Mapping[str, Any], subject: str, context: ValidationContext, path: DocumentPath
) -> list[Problem]:
    """Returns misplaced and unknown keys and values of the wrong type; where an operator does not fit the declared
    type, that comes in place of what is wrong with its operand.
    """
    misplaced = misplaced_key_problems(raw, subject, path)
    if misplaced:
        return misplaced
    problems = schema_problems(SUBJECTS[subject], raw, path)
    misfits = _misfit_problems(raw, subject, context, path) if problems else []
    places = [misfit.path for misfit in misfits]
    return misfits + [problem for problem in problems if problem.path[: len(path) + 1] not in places]


def _misfit_problems(
    raw: Mapping[str, Any], subject: str, context: ValidationContext, path: DocumentPath
) -> list[Problem]:
    """Returns the operators of a property leaf that do not fit the property's declared type."""
    name = raw.get("property") if subject == "property" else None
    if not isinstance(name, str):
        return []
    return misfit_problems(raw, name, context.property_types.get(name), path)


def _compiler_problems(leaf: Any, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    """Compiles the leaf, so that what passes validation never fails in the engine."""
    try:
        compile_condition(leaf, CompileScope(context.time_zone, context.property_types, context.engine_version))
    except ConditionRefused as refusal:
        keys = refusal.path
        return [Problem((*path, *keys), f"{keys[-1]} {refusal.message}" if keys else refusal.message)]
    return []


def _null_paths(value: object, path: DocumentPath) -> Iterator[DocumentPath]:
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _null_paths(inner, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _null_paths(inner, (*path, number))
