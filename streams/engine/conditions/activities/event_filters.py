"""Filters of visit and activity leaves: every operator speaks of the same event, as it was when it happened.

`url title referrer campaign name path host query.x` are text; every other key is a property of the event, typed by
its JSON value. Date operators of a filter are asked at the event's own instant, in the account's zone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from streams.engine.conditions.dates.zones import Zones
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.operators import Tests, compile_operators, contact_zone_in, uses_dates
from streams.engine.conditions.protocols import Happening

Reader = Callable[[Happening], Any]

QUERY = "query."
_CACHED = 2_048  # longer addresses are rare, and would make the cache large
_FIELDS = frozenset({"url", "title", "referrer", "campaign"})


class Filter:
    """Whether an event is of the kind and meets every test."""

    __slots__ = ("_tests", "_visits_only", "_zones")

    def __init__(self, tests: tuple[tuple[Reader, Tests], ...], zone: ZoneInfo, *, visits_only: bool) -> None:
        self._tests = tests
        self._zones = Zones(zone, zone)
        self._visits_only = visits_only

    def matches(self, happening: Happening) -> bool:
        """Whether this event counts."""
        if self._visits_only and not happening.is_visit:
            return False
        return all(tests.holds(read(happening), happening.at, self._zones) for read, tests in self._tests)


def compile_filter(fields: Mapping[str, Operators], zone: ZoneInfo, *, visits_only: bool) -> Filter:
    """The filter of a leaf; `visits_only` for `visit`. Raises ConditionRefused."""
    tests: list[tuple[Reader, Tests]] = []
    for key, operators in fields.items():
        try:
            tests.append(_test(key, operators))
        except ConditionRefused as refusal:
            raise refusal.within(key) from None
    return Filter(tuple(tests), zone, visits_only=visits_only)


def _test(key: str, operators: Operators) -> tuple[Reader, Tests]:
    where = contact_zone_in(operators)
    if where is not None:
        raise ConditionRefused("cannot be contact in a filter, which speaks in the account's zone", where)
    read, kind = _reader(key)
    return read, compile_operators(operators, kind)


def _reader(key: str) -> tuple[Reader, PropertyType | None]:
    if key == "name":
        return (lambda happening: happening.name), "text"
    if key in _FIELDS:
        return (lambda happening: happening.fields.get(key)), "text"
    if key == "path":
        return _path, "text"
    if key == "host":
        return _host, "text"
    if key.startswith(QUERY):
        parameter = key.removeprefix(QUERY)
        return (lambda happening: _parameters(happening).get(parameter)), "text"
    return (lambda happening: _property(happening, key)), None


def _property(happening: Happening, key: str) -> Any:
    properties = happening.fields.get("properties")
    return properties.get(key) if isinstance(properties, Mapping) else None


def _path(happening: Happening) -> str | None:
    parts = _split(happening)
    if parts is None:
        return None
    return parts.path or ("/" if parts.netloc else None)


def _host(happening: Happening) -> str | None:
    parts = _split(happening)
    return None if parts is None else parts.hostname


def _parameters(happening: Happening) -> Mapping[str, str]:
    parts = _split(happening)
    return {} if parts is None else _query(parts.query)


def _split(happening: Happening) -> SplitResult | None:
    url = happening.fields.get("url")
    if not isinstance(url, str):
        return None
    return _parts(url) if len(url) <= _CACHED else _parts.__wrapped__(url)


@lru_cache(maxsize=4_096)
def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.hostname  # noqa: B018 - reading it is what finds a broken one
    except ValueError:
        return None
    return parts


@lru_cache(maxsize=1_024)
def _query(query: str) -> Mapping[str, str]:
    """Each parameter's first value, decoded."""
    values: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(key, value)
    return values


def filter_uses_dates(fields: Mapping[str, Operators]) -> bool:
    """Whether the account's zone may matter to a filter."""
    return any(uses_dates(operators, _reader(key)[1]) for key, operators in fields.items())
