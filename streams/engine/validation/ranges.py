"""Ranges of numbers, counts, lengths of time and dates that nothing lies in, or everything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.conditions import CountOperators, DurationOperators, NumberOperators
from schemas.time_zones import UTC
from streams.engine.conditions.dates.date_bounds import DayEdge, Edge, InstantEdge, parse_date_value
from streams.engine.conditions.dates.date_tests import span_of
from streams.engine.conditions.dates.zones import DAY, HOUR
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.numbers import is_number
from streams.engine.conditions.operand_types import ORDER, Written, listed
from streams.engine.validation.problem import Path, Problem

Bound = tuple[float, bool]
"""A number, and whether it lies outside itself."""

_FARTHEST = (-12, 14)
"""Hours; no zone is farther from UTC."""
_APART = "put each in a leaf of any: for what lies outside of both"
_ALWAYS_COUNTED = (
    "any number of times meets this; leave count out for at least once, or write never: true for not once"
)
_NEVER_COUNTED = "nothing happens so often: a count is a whole number from 0 on; write never: true for not once"


def number_range(written: Written, path: Path) -> list[Problem]:
    """Operators on a number that leave no number between them."""
    lower: list[Bound] = []
    upper: list[Bound] = []
    names = []
    for name, operand in written.items():
        if name not in ORDER | {"eq"} or not all(is_number(one) for one in listed(operand)):
            continue
        low, high = operand if name == "between" else (operand, operand)
        if name not in ("lt", "lte"):
            lower.append((low, name == "gt"))
        if name not in ("gt", "gte"):
            upper.append((high, name == "lt"))
        names.append(name)
    if len(names) < 2 or not lower or not upper:
        return []
    (least, beyond), (most, before) = max(lower), min(upper, key=lambda bound: (bound[0], not bound[1]))
    if least < most or (least == most and not beyond and not before):
        return []
    return [Problem(path, f"no number is {_listed(names, written)}; {_APART}")]


def _listed(names: Iterable[str], written: Written) -> str:
    return " and ".join(f"{name} {_text(written[name])}" for name in names)


def _text(operand: object) -> str:
    if isinstance(operand, tuple):
        return f"[{', '.join(map(_text, operand))}]"
    return str(int(operand)) if isinstance(operand, float) and operand.is_integer() else str(operand)


def score_range(operators: NumberOperators, path: Path) -> list[Problem]:
    """The same of a score or of points."""
    return number_range(operators.model_dump(exclude_none=True), path)


def count_range(count: CountOperators, path: Path) -> list[Problem]:
    """Counts that nothing has, or that everything has."""
    least, most = _whole(count)
    if most is not None and most < least:
        return [Problem(path, _NEVER_COUNTED)]
    return [Problem(path, _ALWAYS_COUNTED)] if least == 0 and most is None else []


def age_range(ages: DurationOperators, path: Path) -> list[Problem]:
    """Ages that no lead has, or that every lead has."""
    least, most = _whole(ages)
    if most is not None and most < least:
        return [Problem(path, f"no lead is ever of that age; {_APART}")]
    return [Problem(path, "every lead is of that age; leave it out")] if least == 0 and most is None else []


def _whole(operators: CountOperators | DurationOperators) -> tuple[int, int | None]:
    """The least, and the most where there is one, of whole numbers from 0 on."""
    given = operators.model_dump(exclude_none=True)
    low, high = given.get("between", (0, None))
    exact = given.get("eq")
    least = [0, low, given.get("gte", 0), given.get("gt", -1) + 1]
    most = [high, given.get("lte"), given["lt"] - 1 if "lt" in given else None, exact]
    known = [bound for bound in most if bound is not None]
    return max([*least, 0 if exact is None else exact]), min(known, default=None)


def date_range(written: Written, path: Path, *, exact: bool) -> list[Problem]:
    """Operators on a date that leave no date between them, in whatever zone; what moves with now is not judged.

    `exact`: whether `eq` compares dates, too.
    """
    known = ORDER | {"before", "after"} | ({"eq"} if exact else set())
    names = [name for name in written if name in known and all(isinstance(one, str) for one in listed(written[name]))]
    spans = [_span(name, written[name]) for name in names]
    lower = [low for low, _ in spans if low is not None]
    upper = [high for _, high in spans if high is not None]
    if not any(_never_before(low, high) for low in lower for high in upper):
        return []
    if names == ["between"]:
        return [Problem((*path, "between"), "between: the earlier date comes first")]
    return [Problem(path, f"no date is {_listed(names, written)}; {_APART}")]


def _span(name: str, operand: Any) -> tuple[Edge | None, Edge | None]:
    try:
        return _read_span(name, operand)
    except ConditionRefused:  # the compiler says why
        return None, None


def _read_span(name: str, operand: Any) -> tuple[Edge | None, Edge | None]:
    if name == "between":
        lower, upper = (parse_date_value(one) for one in operand)
        return lower.start, upper.end
    span = span_of(name, parse_date_value(operand))
    return span.lower, span.upper


def window_range(since: str | None, until: str | None, path: Path) -> list[Problem]:
    """`since` behind `until`, where both are fixed."""
    if since is None or until is None:
        return []
    begin, end = _span("between", (since, until))
    if begin is None or end is None or not _never_before(begin, end):
        return []
    return [Problem((*path, "since"), "since lies behind until: nothing happens in between; swap the two")]


def _never_before(lower: Edge, upper: Edge) -> bool:
    """Whether a fixed edge is at another one or behind it in every zone."""
    if lower.moves or upper.moves:
        return False
    if all(isinstance(edge, InstantEdge | DayEdge) for edge in (lower, upper)):
        return all(_at(lower, hours) >= _at(upper, hours) for hours in _FARTHEST)
    return lower.at(0, UTC) - lower.slack >= upper.at(0, UTC) + upper.slack


def _at(edge: Edge, hours: int) -> int:
    return edge.at(0, UTC) - (hours * HOUR if isinstance(edge, DayEdge) else 0)


def lengths(written: Written, path: Path) -> list[Problem]:
    """Lengths of time that nothing has, and pairs of them that no date meets."""
    problems = [
        Problem((*path, name), f"{name} must be longer than nothing, as in {name}: 7d")
        for name in ("within", "within_last", "within_next", "held_for")
        if written.get(name) == 0
    ]
    if written.get("anniversary_within", 0) % DAY:
        message = "anniversary_within counts whole days: write 0d for today, 1d for today and tomorrow"
        problems.append(Problem((*path, "anniversary_within"), message))
    return problems + _pairs(written, path)


def _pairs(written: Written, path: Path) -> list[Problem]:
    past, future, older = (written.get(name) for name in ("within_last", "within_next", "older_than"))
    message = f"{{}} and {{}} never hold of one date; {_APART}"
    if future is not None and past is not None:
        return [Problem(path, message.format("within_next", "within_last"))]
    if future is not None and older is not None:
        return [Problem(path, message.format("within_next", "older_than"))]
    if past is not None and older is not None and older >= past:
        return [Problem((*path, "older_than"), "older_than must be shorter than within_last beside it")]
    return []
