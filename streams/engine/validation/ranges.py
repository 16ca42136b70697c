"""Finds ranges of numbers, counts, lengths of time and dates that nothing meets, or everything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.conditions import CountOperators, DistinctOperators, DurationOperators, NumberOperators
from schemas.time_zones import UTC
from streams.engine.conditions.dates.date_bounds import DateBound, DayBound, InstantBound, parse_date_value
from streams.engine.conditions.dates.date_tests import comparison_span
from streams.engine.conditions.dates.zones import DAY, HOUR
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.numbers import is_number
from streams.engine.conditions.operand_types import ORDER_OPERATORS, OperatorMap, to_tuple
from streams.engine.validation.problem import DocumentPath, Problem

NumberBound = tuple[float, bool]
"""A number, and whether the range excludes the number itself."""

_EXTREME_OFFSETS = (-12, 14)
"""Hours; no zone is further from UTC."""
_DAY_SLACK = DAY + HOUR
"""ms; no calendar day is longer but where a zone changes its side of the date line, which none will do twice."""
_SEPARATE_LEAVES_HINT = "put each in a leaf of any: for what lies outside of both"
_ALWAYS_TRUE_COUNT = (
    "any number of times meets this; leave count out for at least once, or write never: true for not once"
)
_IMPOSSIBLE_COUNT = "nothing happens so often: a count is a whole number from 0 on; write never: true for not once"


def number_range_problems(operands: OperatorMap, path: DocumentPath) -> list[Problem]:
    """Returns a problem for operators on a number that no number meets together."""
    lower: list[NumberBound] = []
    upper: list[NumberBound] = []
    names = []
    for name, operand in operands.items():
        if name not in ORDER_OPERATORS | {"eq"} or not all(is_number(one) for one in to_tuple(operand)):
            continue
        low, high = operand if name == "between" else (operand, operand)
        if name not in ("lt", "lte"):
            lower.append((low, name == "gt"))
        if name not in ("gt", "gte"):
            upper.append((high, name == "lt"))
        names.append(name)
    if len(names) < 2 or not lower or not upper:
        return []
    least, excludes_least = max(lower)
    most, excludes_most = min(upper, key=lambda bound: (bound[0], not bound[1]))
    if least < most or (least == most and not excludes_least and not excludes_most):
        return []
    return [Problem(path, f"no number is {_list_operands(names, operands)}; {_SEPARATE_LEAVES_HINT}")]


def _list_operands(names: Iterable[str], operands: OperatorMap) -> str:
    return " and ".join(f"{name} {_operand_text(operands[name])}" for name in names)


def _operand_text(operand: object) -> str:
    if isinstance(operand, tuple):
        return f"[{', '.join(map(_operand_text, operand))}]"
    return str(int(operand)) if isinstance(operand, float) and operand.is_integer() else str(operand)


def score_range_problems(operators: NumberOperators, path: DocumentPath) -> list[Problem]:
    """Returns the same for operators on a score or points."""
    return number_range_problems(operators.model_dump(exclude_none=True), path)


def count_range_problems(count: CountOperators, path: DocumentPath) -> list[Problem]:
    """Returns a problem for a count that can never be, or that always is."""
    least, most = _whole_number_range(count)
    if most is not None and most < least:
        return [Problem(path, _IMPOSSIBLE_COUNT)]
    return [Problem(path, _ALWAYS_TRUE_COUNT)] if _is_all(least, most) else []


def distinct_range_problems(operators: DistinctOperators, path: DocumentPath) -> list[Problem]:
    """Returns a problem for a number of different values that can never be, or that always is."""
    least, most = _whole_number_range(operators)
    if most is not None and most < least:
        return [Problem(path, "there are never so many different values: their number is a whole one from 0 on")]
    return [Problem(path, "any number of different values meets this; leave it out")] if _is_all(least, most) else []


def age_range_problems(ages: DurationOperators, path: DocumentPath) -> list[Problem]:
    """Returns a problem for an age that no lead has, or that every lead has."""
    least, most = _whole_number_range(ages)
    if most is not None and most < least:
        return [Problem(path, f"no lead is ever of that age; {_SEPARATE_LEAVES_HINT}")]
    return [Problem(path, "every lead is of that age; leave it out")] if _is_all(least, most) else []


def _is_all(least: int, most: int | None) -> bool:
    """Whether all whole numbers from 0 on lie in the range."""
    return least == 0 and most is None


def _whole_number_range(operators: CountOperators | DurationOperators) -> tuple[int, int | None]:
    """Returns the least and the most (None: no limit) of the whole numbers from 0 on that meet the operators."""
    operands = operators.model_dump(exclude_none=True)
    low, high = operands.get("between", (0, None))
    exact = operands.get("eq")
    least = [0, low, operands.get("gte", 0), operands.get("gt", -1) + 1]
    most = [high, operands.get("lte"), operands["lt"] - 1 if "lt" in operands else None, exact]
    upper = [bound for bound in most if bound is not None]
    return max([*least, 0 if exact is None else exact]), min(upper, default=None)


def date_range_problems(
    operands: OperatorMap, path: DocumentPath, *, compares_equality: bool, compares_days: bool = False
) -> list[Problem]:
    """Returns a problem for operators on a date that no date meets in any zone; relative dates are not checked.

    `compares_equality`: whether `eq` also compares dates. `compares_days`: whether the value may be a calendar date,
    to which an instant is the day that it lies in.
    """
    comparisons = ORDER_OPERATORS | {"before", "after"} | ({"eq"} if compares_equality else set())
    names = [
        name
        for name in operands
        if name in comparisons and all(isinstance(one, str) for one in to_tuple(operands[name]))
    ]
    spans = [_span_or_none(name, operands[name]) for name in names]
    lower = [low for low, _ in spans if low is not None]
    upper = [high for _, high in spans if high is not None]
    slack = _DAY_SLACK if compares_days else 0
    if not any(_never_before(low, high, slack) for low in lower for high in upper):
        return []
    if names == ["between"]:
        return [Problem((*path, "between"), "between: the earlier date comes first")]
    return [Problem(path, f"no date is {_list_operands(names, operands)}; {_SEPARATE_LEAVES_HINT}")]


def _span_or_none(name: str, operand: Any) -> tuple[DateBound | None, DateBound | None]:
    try:
        return _parse_span(name, operand)
    except ConditionRefused:  # the compiler reports it
        return None, None


def _parse_span(name: str, operand: Any) -> tuple[DateBound | None, DateBound | None]:
    if name == "between":
        lower, upper = (parse_date_value(one) for one in operand)
        return lower.start, upper.end
    span = comparison_span(name, parse_date_value(operand))
    return span.lower, span.upper


def window_range_problems(since: str | None, until: str | None, path: DocumentPath) -> list[Problem]:
    """Returns a problem for a fixed `since` behind a fixed `until`."""
    if since is None or until is None:
        return []
    begin, end = _span_or_none("between", (since, until))
    if begin is None or end is None or not _never_before(begin, end):
        return []
    return [Problem((*path, "since"), "since lies behind until: nothing happens in between; swap the two")]


def _never_before(lower: DateBound, upper: DateBound, instant_slack: int = 0) -> bool:
    """Whether a fixed `lower` is at a fixed `upper` or behind it in every zone.

    `instant_slack`: how far (ms) either may be moved where it is no calendar date.
    """
    if lower.is_relative or upper.is_relative:
        return False
    slack = sum(instant_slack for bound in (lower, upper) if not isinstance(bound, DayBound))
    if all(isinstance(bound, InstantBound | DayBound) for bound in (lower, upper)):
        return all(
            _instant_at_offset(lower, hours) - slack >= _instant_at_offset(upper, hours)
            for hours in _EXTREME_OFFSETS
        )
    return lower.resolve(0, UTC) - lower.slack - slack >= upper.resolve(0, UTC) + upper.slack


def _instant_at_offset(bound: DateBound, hours: int) -> int:
    return bound.resolve(0, UTC) - (hours * HOUR if isinstance(bound, DayBound) else 0)


def duration_problems(operands: OperatorMap, path: DocumentPath) -> list[Problem]:
    """Returns a problem for lengths of time that are empty, and for pairs of them that no date meets."""
    problems = [
        Problem((*path, name), f"{name} must be longer than nothing, as in {name}: 7d")
        for name in ("within", "within_last", "within_next", "held_for")
        if operands.get(name) == 0
    ]
    if operands.get("anniversary_within", 0) % DAY:
        message = "anniversary_within counts whole days: write 0d for today, 1d for today and tomorrow"
        problems.append(Problem((*path, "anniversary_within"), message))
    return problems + _duration_pair_problems(operands, path)


def _duration_pair_problems(operands: OperatorMap, path: DocumentPath) -> list[Problem]:
    past, future, older = (operands.get(name) for name in ("within_last", "within_next", "older_than"))
    message = f"{{}} and {{}} never hold of one date; {_SEPARATE_LEAVES_HINT}"
    if future is not None and past is not None:
        return [Problem(path, message.format("within_next", "within_last"))]
    if future is not None and older is not None:
        return [Problem(path, message.format("within_next", "older_than"))]
    if past is not None and older is not None and older >= past:
        return [Problem((*path, "older_than"), "older_than must be shorter than within_last beside it")]
    return []
