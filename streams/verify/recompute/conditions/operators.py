"""The operators of SPEC section 5 on one value; None is a missing one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from schemas.time_zones import UTC, checked_zone, zone_named
from schemas.values import instant_ms
from streams.verify.recompute.conditions.dates import date_holds, instant_of, is_date_value
from streams.verify.recompute.conditions.regex import found_by
from streams.verify.recompute.model import World

NEGATIVE = {"ne": "eq", "not_in": "in", "not_contains": "contains"}
DATES = frozenset({"before", "after", "within_last", "within_next", "older_than", "anniversary_within"})
ORDER = frozenset({"gt", "gte", "lt", "lte", "between"})
_FIRST, _LAST = instant_ms("0001-01-01T00:00:00Z"), instant_ms("9999-12-31T23:59:59.999Z")
MODIFIERS = frozenset({"case_sensitive", "in_zone"})


@dataclass
class Asked:
    """What an operator is asked of, and how."""

    value: Any
    kind: str | None
    zone: ZoneInfo
    cased: bool
    world: World
    now: int


def zone_for(operators: dict[str, Any], world: World) -> ZoneInfo:
    """The account's zone, or with `in_zone: contact` the contact's where it has a valid one."""
    if operators.get("in_zone") == "contact":
        name = world.properties.get("time_zone")
        own = zone_named(name) if isinstance(name, str) else None
        if own is not None:
            return own
    return checked_zone(world.zone)


def passes(value: Any, operators: dict[str, Any], kind: str | None, world: World, now: int) -> bool:
    """Whether the value, declared as `kind`, meets all the operators; one of another type is missing."""
    value = None if kind is not None and not fits(value, kind) else value
    asked = Asked(value, kind, zone_for(operators, world), operators.get("case_sensitive", False), world, now)
    return all(_operator(name, x, asked) for name, x in operators.items() if name not in MODIFIERS)


def fits(value: Any, kind: str) -> bool:
    """Whether a value is of a declared type."""
    if kind in ("date", "datetime"):
        return isinstance(value, str) and _fits_date(value, kind)
    if kind == "number":
        return numeric(value)
    if kind == "list":
        return isinstance(value, list) and not any(isinstance(one, dict | list) or one is None for one in value)
    if kind == "object":
        return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(one, dict) for one in value))
    return isinstance(value, str if kind == "text" else bool)


def _fits_date(text: str, kind: str) -> bool:
    """A `datetime` is an instant that, written in UTC, is still one of the calendar's years."""
    instant, is_day = instant_of(text, UTC), "T" not in text.upper() and " " not in text
    if instant is None or is_day is (kind == "datetime"):
        return False
    return is_day or _FIRST <= instant <= _LAST


def _operator(name: str, x: Any, asked: Asked) -> bool:
    value = asked.value
    if name == "exists":
        return (value is not None) is x
    if name == "empty":
        return (value is None or value in ("", [], {})) is x
    if name in NEGATIVE:
        return not _operator(NEGATIVE[name], x, asked)
    if value is None:
        return False
    if name == "has_item":
        return isinstance(value, list) and any(_is_item(item, x, asked) for item in value)
    if is_dated(name, x, asked.kind):
        instant = instant_of(value, asked.zone)
        return instant is not None and date_holds(name, x, instant, asked.now, asked.zone)
    if name in ("eq", "in") and asked.kind is None:
        return any(_equal(value, one, asked) for one in (x if isinstance(x, list | tuple) else [x]))
    return _plain(name, x, value, asked.cased)


def _equal(value: Any, one: Any, asked: Asked) -> bool:
    """Two dates where both say one, whatever their texts; else the same text, number, or true and false."""
    instant = instant_of(value, asked.zone) if isinstance(one, str) and is_date_value(one) else None
    if instant is None:
        return _same(value, one, asked.cased)
    return date_holds("eq", one, instant, asked.now, asked.zone)


def is_dated(name: str, x: Any, kind: str | None) -> bool:
    """Whether an operator compares dates: a declared date always does, else where only dates can be meant."""
    if kind in ("date", "datetime") or name in DATES:
        return name not in ("exists", "empty")
    operands = x if isinstance(x, list) else [x]
    return kind is None and name in ORDER and any(isinstance(one, str) for one in operands)


def _is_item(item: Any, wanted: dict[str, Any], asked: Asked) -> bool:
    return isinstance(item, dict) and all(
        passes(item.get(key), operators, None, asked.world, asked.now) for key, operators in wanted.items()
    )


def _plain(name: str, x: Any, value: Any, cased: bool) -> bool:
    if name == "eq":
        return _same(value, x, cased)
    if name == "in":
        return any(_same(value, one, cased) for one in x)
    if name in ORDER:
        operands = x if isinstance(x, list) else [x]
        return numeric(value, *operands) and compares(value, {name: x})
    if name == "matches":
        return isinstance(value, str) and found_by(x, value, cased)
    if isinstance(value, list) and name in ("contains", "contains_any", "contains_all"):
        present = [any(_same(item, one, cased) for item in value) for one in (x if isinstance(x, list) else [x])]
        return any(present) if name == "contains_any" else all(present)
    if isinstance(value, str) and isinstance(x, str):
        a, b = (value, x) if cased else (value.casefold(), x.casefold())
        return {"contains": b in a, "starts_with": a.startswith(b), "ends_with": a.endswith(b)}[name]
    return False


def _same(a: Any, b: Any, cased: bool) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a == b if cased else a.casefold() == b.casefold()
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return numeric(a, b) and bool(a == b)


def numeric(*values: Any) -> bool:
    """Whether all are numbers; true and false are none."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def compares(number: float, operators: dict[str, Any]) -> bool:
    """Whether a number meets all the operators."""
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "eq": lambda n, x: n == x,
        "ne": lambda n, x: n != x,
        "gt": lambda n, x: n > x,
        "gte": lambda n, x: n >= x,
        "lt": lambda n, x: n < x,
        "lte": lambda n, x: n <= x,
        "between": lambda n, x: x[0] <= n <= x[1],
        "in": lambda n, x: n in x,
        "not_in": lambda n, x: n not in x,
    }
    return all(tests[name](number, operand) for name, operand in operators.items())
