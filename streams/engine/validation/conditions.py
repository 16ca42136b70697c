"""Whether what is written under `when` is a condition: a tree of `all`, `any`, `not` over sound leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.conditions import SUBJECTS
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Surroundings
from streams.engine.validation.context import Context, Room
from streams.engine.validation.contradictions import misplaced
from streams.engine.validation.leaves import leaf_problems
from streams.engine.validation.problem import Path, Problem, nearest, shown
from streams.engine.validation.schema import shape_problems

MOST_DEEP = 50
_BRANCHES = ("all", "any", "not")


def condition_problems(raw: object, context: Context, room: Room, path: Path, depth: int = 0) -> list[Problem]:
    """What is wrong with a condition as written, all of its faults."""
    if depth > MOST_DEEP:
        return [Problem(path, f"conditions are nested more than {MOST_DEEP} deep")]
    if not isinstance(raw, Mapping):
        return [Problem(path, f"a condition is a mapping such as {{property: country, eq: DE}}, not {shown(raw)}")]
    found = [key for key in raw if key in SUBJECTS]
    if len(found) != 1:
        return [_no_one_subject(raw, found, path)]
    subject = found[0]
    if subject in _BRANCHES:
        return _branch(raw, context, room, path, depth)
    return _leaf(raw, subject, context, room, path)


def _no_one_subject(raw: Mapping[str, Any], found: list[str], path: Path) -> Problem:
    if found:
        return Problem(path, f"one leaf has one subject, here are {' and '.join(found)}; put each in a leaf of all:")
    if not raw:
        return Problem(path, "an empty mapping is no condition; {all: []} is everybody, {any: []} nobody")
    first = next(iter(raw))
    return Problem((*path, str(first)), f"unknown condition {shown(first)}{nearest(first, SUBJECTS)}")


def _branch(raw: Mapping[str, Any], context: Context, room: Room, path: Path, depth: int) -> list[Problem]:
    subject = next(key for key in _BRANCHES if key in raw)
    here = (*path, subject)
    problems = [Problem((*path, str(key)), f"{key} cannot stand beside {subject}") for key in raw if key != subject]
    if subject == "not":
        return problems + condition_problems(raw["not"], context, room, here, depth + 1)
    children = raw[subject]
    if not isinstance(children, list | tuple):
        return [*problems, Problem(here, f"{subject} takes a list of conditions, not {shown(children)}")]
    for number, child in enumerate(children):
        problems += condition_problems(child, context, room, (*here, number), depth + 1)
    return problems


def _leaf(raw: Mapping[str, Any], subject: str, context: Context, room: Room, path: Path) -> list[Problem]:
    model = SUBJECTS[subject]
    faults = [
        Problem(place, "null is no value to compare with; a missing property is asked for with exists: false")
        for place in _nulls(raw, path)
    ]
    faults = faults or misplaced(raw, subject, path) or shape_problems(model, raw, path)
    faults = faults or leaf_problems(model.model_validate(raw), context, room, path)
    return faults or _compiler_problems(model.model_validate(raw), context, path)


def _compiler_problems(leaf: Any, context: Context, path: Path) -> list[Problem]:
    """The last word is the compiler's: what passes here never fails where it is decided."""
    try:
        compile_condition(leaf, Surroundings(context.time_zone, context.declared))
    except ConditionRefused as refusal:
        where = refusal.where
        return [Problem((*path, *where), f"{where[-1]} {refusal.message}" if where else refusal.message)]
    return []


def _nulls(value: object, path: Path) -> Iterator[Path]:
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _nulls(inner, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _nulls(inner, (*path, number))
