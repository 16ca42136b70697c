"""Which operators fit a property of a declared type, and which values fit the operators."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import re2

from schemas.conditions import CountOperators, DurationOperators, MomentOperators, NumberOperators, Operators
from schemas.definitions import PropertyType
from streams.engine.conditions.operand_types import EQUALITY, OPERATORS_OF, ORDER
from streams.engine.validation.contradictions import empty_number_lists, pointless_operators
from streams.engine.validation.dates import date_fault
from streams.engine.validation.modifiers import modifier_problems, zone_of_no_date
from streams.engine.validation.problem import Path, Problem, nearest, shown
from streams.engine.validation.ranges import age_range, count_range, date_range, lengths, number_range, score_range
from streams.engine.validation.schema import keys_of

Bounded = NumberOperators | CountOperators | DurationOperators

FITTING: Mapping[PropertyType, tuple[str, ...]] = {
    kind: tuple(operator for operator in keys_of(Operators) if operator in fitting)
    for kind, fitting in OPERATORS_OF.items()
}
"""Declared type -> its operators in the order of the language; an undeclared property takes them all."""

_MODIFIERS = {"case_sensitive", "in_zone", "property", "held_for"}
_ARTICLE = {"object": "an object", "text": "text"}


def given(operators: Operators) -> dict[str, Any]:
    """The operators that are written, by the name they are written with."""
    fields = type(operators).model_fields
    written = {(fields[name].alias or name): getattr(operators, name) for name in fields}
    return {name: value for name, value in written.items() if value is not None and name not in _MODIFIERS}


def operator_problems(operators: Operators, name: str, declared: PropertyType | None, path: Path) -> list[Problem]:
    """What is wrong with the operators on a property (or a field of an event) called `name`."""
    written = given(operators)
    if not written:
        return [Problem(path, f"{name} needs an operator, such as eq: or exists: true")]
    problems: list[Problem] = []
    for operator, value in written.items():
        here = (*path, operator)
        fault = _misfit(operator, name, declared) or _fault(operator, value, declared)
        if fault:
            problems.append(Problem(here, fault))
        elif operator == "has_item":
            for field, inner in value.items():
                problems += operator_problems(inner, field, None, (*here, field))
    return problems or _pointless(operators, written, declared, path)


def _pointless(
    operators: Operators, written: Mapping[str, Any], declared: PropertyType | None, path: Path
) -> list[Problem]:
    """What never holds or says nothing, where each operator by itself is sound."""
    return (
        pointless_operators(written, declared, path)
        or modifier_problems(operators, written, declared, path)
        or number_range(written, path)
        or date_range(written, path, exact=declared in ("date", "datetime"))
        or lengths(written, path)
    )


def _misfit(operator: str, name: str, declared: PropertyType | None) -> str | None:
    if declared is None or operator in FITTING[declared]:
        return None
    article = _ARTICLE.get(declared, f"a {declared}")
    return f"{operator} does not fit {name}, which is {article}; it takes {', '.join(FITTING[declared])}"


def _fault(operator: str, value: Any, declared: PropertyType | None) -> str | None:
    if operator in EQUALITY:
        values = value if isinstance(value, tuple) else (value,)
        return next((fault for fault in (_equal_fault(v, declared) for v in values) if fault), None)
    if operator in ("contains", "not_contains") and declared == "text":
        return _text(value)
    if operator == "between":
        return _between_fault(value, declared)
    if operator in ORDER:
        return _order_fault(value, declared)
    if operator == "matches":
        return _pattern_fault(value)
    if operator in ("before", "after"):
        return date_fault(value)
    return None


def _equal_fault(value: object, declared: PropertyType | None) -> str | None:
    checks: Mapping[str, Callable[[object], str | None]] = {
        "text": _text,
        "number": _number,
        "boolean": _boolean,
        "date": _date,
        "datetime": _date,
    }
    return checks[declared](value) if declared is not None and declared in checks else None


def _order_fault(value: object, declared: PropertyType | None) -> str | None:
    if declared == "number":
        return _number(value)
    if declared is None and not isinstance(value, str):
        return _number(value)
    return _date(value)


def _between_fault(value: tuple[Any, Any], declared: PropertyType | None) -> str | None:
    fault = _order_fault(value[0], declared) or _order_fault(value[1], declared)
    if fault:
        return fault
    low, high = value
    if isinstance(low, str) != isinstance(high, str):
        return "between takes two numbers or two dates"
    return "between: the lower bound comes first" if not isinstance(low, str) and low > high else None


def _text(value: object) -> str | None:
    return None if isinstance(value, str) else f"text is needed here, not {shown(value)}; put it in quotes"


def _number(value: object) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return None if is_number else f"a number is needed here, not {shown(value)}"


def _boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else f"true or false is needed here, not {shown(value)}"


def _date(value: object) -> str | None:
    return date_fault(value) if isinstance(value, str) else f"a date is needed here, not {shown(value)}"


def _pattern_fault(pattern: str) -> str | None:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else "not a pattern"
        said = reason.decode() if isinstance(reason, bytes) else str(reason)
        return f"{pattern!r} is not a pattern that runs in linear time (RE2): {said}"
    return None


def choice_problems(operators: Operators, known: Collection[str], path: Path) -> list[Problem]:
    """Values compared for equality with something that has only a few."""
    problems = []
    for operator in ("eq", "ne", "in", "not_in"):
        value = given(operators).get(operator)
        for word in value if isinstance(value, tuple) else (value,):
            if word is not None and (word if operators.case_sensitive else word.casefold()) not in known:
                problems.append(Problem((*path, operator), f"{shown(word)} is not known here{nearest(word, known)}"))
    return problems


def number_problems(operators: NumberOperators, path: Path) -> list[Problem]:
    """A score or points: at least one operator, and numbers that meet it."""
    return bound_problems(operators, path) or empty_number_lists(operators, path) or score_range(operators, path)


def count_problems(operators: CountOperators, path: Path) -> list[Problem]:
    """A count: at least one operator, and counts that meet it, but not all of them."""
    return bound_problems(operators, path) or count_range(operators, path)


def age_problems(operators: DurationOperators, path: Path) -> list[Problem]:
    """The age of a lead: likewise."""
    return bound_problems(operators, path) or age_range(operators, path)


def bound_problems(operators: Bounded, path: Path) -> list[Problem]:
    """Numbers or lengths of time: at least one operator, and `between` the right way round."""
    names = [name for name in type(operators).model_fields if name != "name"]
    if all(getattr(operators, name) is None for name in names):
        return [Problem(path, "an operator is needed, such as gte:")]
    between = operators.between
    if between is not None and between[0] > between[1]:
        return [Problem((*path, "between"), "between: the lower bound comes first")]
    return []


def moment_problems(operators: MomentOperators, path: Path) -> list[Problem]:
    """`last_visit` and its like: at least one operator, and dates that can be read."""
    if all(getattr(operators, name) is None for name in ("before", "after", "within_last", "older_than")):
        return [Problem(path, "an operator is needed: before, after, within_last or older_than")]
    problems = []
    for name in ("before", "after"):
        value = getattr(operators, name)
        fault = date_fault(value) if value is not None else None
        if fault:
            problems.append(Problem((*path, name), fault))
    if problems:
        return problems
    written = operators.model_dump(exclude_none=True)
    zoneless = zone_of_no_date(operators, ("before", "after"), path)
    return zoneless or date_range(written, path, exact=False) or lengths(written, path)
