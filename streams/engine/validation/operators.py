"""Validates operators: which fit a property of a declared type, and which operands fit the operators."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from schemas.conditions import (
    AmountOperators,
    CountOperators,
    DurationOperators,
    MomentOperators,
    NumberOperators,
    Operators,
    ScoreOperators,
)
from schemas.definitions import PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.engine.conditions.numbers import has_number_operator, number_from
from streams.engine.conditions.operand_types import (
    EQUALITY_OPERATORS,
    MODIFIERS,
    OPERATORS_BY_TYPE,
    ORDER_OPERATORS,
    to_tuple,
)
from streams.engine.conditions.text import compiled_pattern
from streams.engine.validation.contradictions import contradiction_problems, empty_number_list_problems
from streams.engine.validation.dates import date_fault
from streams.engine.validation.modifiers import modifier_problems, unused_zone_problems
from streams.engine.validation.problem import DocumentPath, Problem
from streams.engine.validation.ranges import (
    age_range_problems,
    count_range_problems,
    date_range_problems,
    duration_problems,
    number_range_problems,
    score_range_problems,
)
from streams.engine.validation.schema import keys_of
from streams.hints import describe_value, suggestion

BoundOperators = NumberOperators | CountOperators | AmountOperators | DurationOperators

ORDERED_OPERATORS_BY_TYPE: Mapping[PropertyType, tuple[str, ...]] = {
    kind: tuple(operator for operator in keys_of(Operators) if operator in fitting)
    for kind, fitting in OPERATORS_BY_TYPE.items()
}
"""Declared type -> its operators in the order of the model; an undeclared property takes all operators."""

_ARTICLE = {"object": "an object", "text": "text"}


def operators_by_name(operators: Operators) -> dict[str, Any]:
    """Returns the operators that a leaf has, by their names in definitions."""
    fields = type(operators).model_fields
    operands = {(fields[name].alias or name): getattr(operators, name) for name in fields}
    return {name: value for name, value in operands.items() if value is not None and name not in MODIFIERS}


def misfit_problems(
    raw: Mapping[str, Any], name: str, property_type: PropertyType | None, path: DocumentPath
) -> list[Problem]:
    """Returns a problem for each operator as written that does not fit the declared type, whatever its operand is."""
    known = keys_of(Operators)
    faults = {key: _type_fault(key, name, property_type) for key in raw if key in known and key not in MODIFIERS}
    return [Problem((*path, key), fault) for key, fault in faults.items() if fault is not None]


def operator_problems(
    operators: Operators,
    name: str,
    property_type: PropertyType | None,
    path: DocumentPath,
    version: EngineVersion = NEWEST_VERSION,
) -> list[Problem]:
    """Returns the faults of the operators on a property or a field of an event; `name` is for messages."""
    operands = operators_by_name(operators)
    if not operands:
        return [Problem(path, f"{name} needs an operator, such as eq: or exists: true")]
    problems: list[Problem] = []
    for operator, value in operands.items():
        here = (*path, operator)
        misfit = _type_fault(operator, name, property_type)
        if misfit:
            problems.append(Problem(here, misfit))
            continue
        found = _operand_problems(operator, value, property_type, here)
        if not found and operator == "matches":
            found = _pattern_problems(operators, value, here, version)
        if found:
            problems += found
        elif operator == "has_item":
            for field, inner in value.items():
                problems += operator_problems(inner, field, None, (*here, field), version)
    return problems or _combination_problems(operators, operands, property_type, path, version)


def _combination_problems(
    operators: Operators,
    operands: Mapping[str, Any],
    property_type: PropertyType | None,
    path: DocumentPath,
    version: EngineVersion,
) -> list[Problem]:
    """Returns what never holds or has no effect, when each operator by itself is valid."""
    return (
        contradiction_problems(operators, operands, property_type, path, version)
        or modifier_problems(operators, operands, property_type, path)
        or number_range_problems(operands, path)
        or date_range_problems(
            operands,
            path,
            compares_equality=property_type in ("date", "datetime"),
            compares_days=version >= 4 and property_type in (None, "date"),
        )
        or duration_problems(operands, path)
    )


def _type_fault(operator: str, name: str, property_type: PropertyType | None) -> str | None:
    if property_type is None or operator in ORDERED_OPERATORS_BY_TYPE[property_type]:
        return None
    article = _ARTICLE.get(property_type, f"a {property_type}")
    fitting = ", ".join(ORDERED_OPERATORS_BY_TYPE[property_type])
    return f"{operator} does not fit {name}, which is {article}; it takes {fitting}"


def _operand_problems(
    operator: str, value: Any, property_type: PropertyType | None, path: DocumentPath
) -> list[Problem]:
    """Returns the fault of an operand; where text is needed, each of several at its place in the list."""
    if operator in EQUALITY_OPERATORS | {"contains", "not_contains"} and property_type == "text":
        return [
            Problem((*path, number) if isinstance(value, tuple) else path, _text_needed(one), needs_text=True)
            for number, one in enumerate(to_tuple(value))
            if not isinstance(one, str)
        ]
    fault = _operand_fault(operator, value, property_type)
    return [Problem(path, fault)] if fault else []


def _operand_fault(operator: str, value: Any, property_type: PropertyType | None) -> str | None:
    if operator in EQUALITY_OPERATORS:
        return next((fault for fault in (_equal_fault(v, property_type) for v in to_tuple(value)) if fault), None)
    if operator == "between":
        return _between_fault(value, property_type)
    if operator in ORDER_OPERATORS:
        return _order_fault(value, property_type)
    if operator in ("before", "after"):
        return date_fault(value)
    return None


def _equal_fault(value: object, property_type: PropertyType | None) -> str | None:
    checks: Mapping[str, Callable[[object], str | None]] = {
        "number": _number_fault,
        "boolean": _boolean_fault,
        "date": _date_value_fault,
        "datetime": _date_value_fault,
    }
    return checks[property_type](value) if property_type is not None and property_type in checks else None


def _order_fault(value: object, property_type: PropertyType | None) -> str | None:
    if property_type == "number":
        return _number_fault(value)
    if property_type is None and not isinstance(value, str):
        return _number_fault(value)
    fault = _date_value_fault(value)
    if fault and property_type is None and number_from(value) is not None:
        return f"{value!r} in quotes is no number and not a date; for the number write {str(value).strip()}"
    return fault


def _between_fault(value: tuple[Any, Any], property_type: PropertyType | None) -> str | None:
    fault = _order_fault(value[0], property_type) or _order_fault(value[1], property_type)
    if fault:
        return fault
    low, high = value
    if isinstance(low, str) != isinstance(high, str):
        return "between takes two numbers or two dates"
    return "between: the lower bound comes first" if not isinstance(low, str) and low > high else None


def _text_needed(value: object) -> str:
    return f"text is needed here, not {describe_value(value)}; put it in quotes"


def _number_fault(value: object) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return None if is_number else f"a number is needed here, not {describe_value(value)}"


def _boolean_fault(value: object) -> str | None:
    return None if isinstance(value, bool) else f"true or false is needed here, not {describe_value(value)}"


def _date_value_fault(value: object) -> str | None:
    return date_fault(value) if isinstance(value, str) else f"a date is needed here, not {describe_value(value)}"


def _pattern_problems(
    operators: Operators, pattern: str, path: DocumentPath, version: EngineVersion
) -> list[Problem]:
    import re2  # noqa: PLC0415 - slow to import, and few definitions have patterns

    compiled = compiled_pattern(
        pattern,
        case_sensitive=operators.case_sensitive,
        ignores_accents=operators.accents == "ignore",
        version=version,
    )
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(compiled, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else "not a pattern"
        text = reason.decode() if isinstance(reason, bytes) else str(reason)
        return [Problem(path, f"{pattern!r} is not a pattern that runs in linear time (RE2): {text}")]
    return []


def choice_problems(operators: Operators, choices: Collection[str], path: DocumentPath) -> list[Problem]:
    """Returns a problem for each equality with a value that is not one of the `choices`."""
    problems = []
    for operator in ("eq", "ne", "in", "not_in"):
        value = operators_by_name(operators).get(operator)
        for word in value if isinstance(value, tuple) else (value,):
            if word is not None and (word if operators.case_sensitive else word.casefold()) not in choices:
                problems.append(
                    Problem((*path, operator), f"{describe_value(word)} is not known here{suggestion(word, choices)}")
                )
    return problems


def number_problems(operators: NumberOperators, path: DocumentPath) -> list[Problem]:
    """Validates operators on points or a score: at least one operator, and some number meets all of them."""
    return (
        bound_problems(operators, path)
        or empty_number_list_problems(operators, path)
        or score_range_problems(operators, path)
    )


def score_problems(operators: ScoreOperators, path: DocumentPath) -> list[Problem]:
    """Validates operators on a score: as on points, and `exists: false` has nothing beside it."""
    problems = number_problems(operators, path)
    if problems or operators.exists is not False or not has_number_operator(operators):
        return problems
    message = "exists: false stands alone: a score that was never adjusted is 0; leave one of them out"
    return [Problem((*path, "exists"), message)]


def count_problems(operators: CountOperators, path: DocumentPath) -> list[Problem]:
    """Validates operators on a count: at least one operator, and some but not all counts meet them."""
    return bound_problems(operators, path) or count_range_problems(operators, path)


def age_problems(operators: DurationOperators, path: DocumentPath) -> list[Problem]:
    """Validates operators on the age of a lead, as for a count."""
    return bound_problems(operators, path) or age_range_problems(operators, path)


def bound_problems(operators: BoundOperators, path: DocumentPath) -> list[Problem]:
    """Validates that there is an operator, and that the lower bound of `between` comes first."""
    names = [name for name in type(operators).model_fields if name not in ("name", "of")]
    if all(getattr(operators, name) is None for name in names):
        return [Problem(path, "an operator is needed, such as gte:")]
    between = operators.between
    if between is not None and between[0] > between[1]:
        return [Problem((*path, "between"), "between: the lower bound comes first")]
    return []


def activity_time_problems(operators: MomentOperators, path: DocumentPath) -> list[Problem]:
    """Validates `last_visit`, `first_visit` and `last_activity`: at least one operator, and valid dates."""
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
    operands = operators.model_dump(exclude_none=True)
    zone_problems = unused_zone_problems(operators, ("before", "after"), path)
    return (
        zone_problems
        or date_range_problems(operands, path, compares_equality=False)
        or duration_problems(operands, path)
    )
