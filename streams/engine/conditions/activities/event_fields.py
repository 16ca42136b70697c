"""Fields of an event that filters can test: the parts of its address, its texts and its properties.

`url title referrer campaign name path host query.x` are text; every other key is a property of the event, and its
JSON value decides its type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from schemas.definitions import PropertyType
from streams.engine.conditions.protocols import Activity

FieldReader = Callable[[Activity], Any]

QUERY_PREFIX = "query."
_MAX_CACHED_LENGTH = 2_048  # longer addresses are rare, and would make the cache large
_TEXT_FIELDS = frozenset({"url", "title", "referrer", "campaign"})


def field_reader(key: str) -> tuple[FieldReader, PropertyType | None]:
    """Returns the reader of a field of an event, and the field's type; None when the JSON value decides it."""
    if key == "name":
        return (lambda activity: activity.name), "text"
    if key in _TEXT_FIELDS:
        return (lambda activity: activity.fields.get(key)), "text"
    if key == "path":
        return _path, "text"
    if key == "host":
        return _host, "text"
    if key.startswith(QUERY_PREFIX):
        parameter = key.removeprefix(QUERY_PREFIX)
        return (lambda activity: _parameters(activity).get(parameter)), "text"
    return (lambda activity: _property(activity, key)), None


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
        parts.hostname  # noqa: B018 - reading it raises ValueError when it is broken
    except ValueError:
        return None
    return parts


@lru_cache(maxsize=1_024)
def _parse_query(query: str) -> Mapping[str, str]:
    """Returns each parameter's first value, decoded."""
    values: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(key, value)
    return values
