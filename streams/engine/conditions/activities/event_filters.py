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
from streams.engine.conditions.operators import compile_operators, contact_zone_path, uses_dates
from streams.engine.conditions.protocols import Activity
from streams.engine.conditions.value_tests import ValueTests

FieldReader = Callable[[Activity], Any]

QUERY_PREFIX = "query."
_MAX_CACHED_LENGTH = 2_048  # longer addresses are rare, and would make the cache large
_TEXT_FIELDS = frozenset({"url", "title", "referrer", "campaign"})


class CompiledFilter:
    """Whether an event is of the kind and meets every test."""

    __slots__ = ("_tests", "_visits_only", "_zones")

    def __init__(
        self, tests: tuple[tuple[FieldReader, ValueTests], ...], zone: ZoneInfo, *, visits_only: bool
    ) -> None:
        self._tests = tests
        self._zones = Zones(zone, zone)
        self._visits_only = visits_only

    def matches(self, activity: Activity) -> bool:
        """Whether this event counts."""
        if self._visits_only and not activity.is_visit:
            return False
        return all(tests.holds(read(activity), activity.at, self._zones) for read, tests in self._tests)


def compile_filter(fields: Mapping[str, Operators], zone: ZoneInfo, *, visits_only: bool) -> CompiledFilter:
    """The filter of a leaf; `visits_only` for `visit`. Raises ConditionRefused."""
    tests: list[tuple[FieldReader, ValueTests]] = []
    for key, operators in fields.items():
        try:
            tests.append(_field_test(key, operators))
        except ConditionRefused as refusal:
            raise refusal.with_prefix(key) from None
    return CompiledFilter(tuple(tests), zone, visits_only=visits_only)


def _field_test(key: str, operators: Operators) -> tuple[FieldReader, ValueTests]:
    where = contact_zone_path(operators)
    if where is not None:
        raise ConditionRefused("cannot be contact in a filter, which speaks in the account's zone", where)
    read, kind = _field_reader(key)
    return read, compile_operators(operators, kind)


def _field_reader(key: str) -> tuple[FieldReader, PropertyType | None]:
    if key == "name":
        return (lambda happening: happening.name), "text"
    if key in _TEXT_FIELDS:
        return (lambda happening: happening.fields.get(key)), "text"
    if key == "path":
        return _path, "text"
    if key == "host":
        return _host, "text"
    if key.startswith(QUERY_PREFIX):
        parameter = key.removeprefix(QUERY_PREFIX)
        return (lambda happening: _parameters(happening).get(parameter)), "text"
    return (lambda happening: _property(happening, key)), None


def _property(activity: Activity, key: str) -> Any:
    properties = activity.fields.get("properties")
    return properties.get(key) if isinstance(properties, Mapping) else None


def _path(activity: Activity) -> str | None:
    parts = _split_url(activity)
    if parts is None:
        return None
    return parts.path or ("/" if parts.netloc else None)


def _host(activity: Activity) -> str | None:
    parts = _split_url(activity)
    return None if parts is None else parts.hostname


def _parameters(activity: Activity) -> Mapping[str, str]:
    parts = _split_url(activity)
    return {} if parts is None else _parse_query(parts.query)


def _split_url(activity: Activity) -> SplitResult | None:
    url = activity.fields.get("url")
    if not isinstance(url, str):
        return None
    return _url_parts(url) if len(url) <= _MAX_CACHED_LENGTH else _url_parts.__wrapped__(url)


@lru_cache(maxsize=4_096)
def _url_parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.hostname  # noqa: B018 - reading it is what finds a broken one
    except ValueError:
        return None
    return parts


@lru_cache(maxsize=1_024)
def _parse_query(query: str) -> Mapping[str, str]:
    """Each parameter's first value, decoded."""
    values: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(key, value)
    return values


def filter_uses_dates(fields: Mapping[str, Operators]) -> bool:
    """Whether the account's zone may matter to a filter."""
    return any(uses_dates(operators, _field_reader(key)[1]) for key, operators in fields.items())
