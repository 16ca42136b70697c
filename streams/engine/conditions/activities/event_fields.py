"""Fields of an event that filters can test: the parts of its address, its texts and its properties.

| field | is |
|---|---|
| `name` | the event's name; a visit without one is called `visit` |
| `url`, `title`, `referrer`, `campaign` | the event's own field, else (from version 4 on) the property of that name |
| `path`, `host`, `query.x` | a part of the `url` so found |
| any other | the property of that name, else (from version 4 on) for `a.b` the key b inside the object a |

For version 3 the fields of the first three rows are declared text. From version 4 on nothing of an event is declared:
its JSON value decides its type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.conditions.protocols import Activity

FieldReader = Callable[[Activity], Any]

QUERY_PREFIX = "query."
ALWAYS_TEXT_FIELDS = frozenset({"name", "path", "host"})
"""Fields that are text wherever they are there, as is `query.x`; any other may be a property of any type."""

UNDECLARED_FIELDS_VERSION = 4
"""From this version on a property stands in for a field that the event has not, and no field is declared."""
_MAX_CACHED_LENGTH = 2_048  # longer addresses are rare, and would make the cache large
_OWN_FIELDS = frozenset({"url", "title", "referrer", "campaign"})
_URL_PARTS = frozenset({"path", "host"})


def field_reader(key: str, engine_version: EngineVersion) -> tuple[FieldReader, PropertyType | None]:
    """Returns the reader of a field of an event, and the field's type; None when the JSON value decides it."""
    if engine_version >= UNDECLARED_FIELDS_VERSION:
        return _undeclared_reader(key), None
    return _declared_reader(key)


def property_reader(key: str) -> FieldReader:
    """Returns the reader of a property of an event, as `sum` and `average` take it: never a field of the event's own.

    Where no property has that literal name, `a.b` is the key b in the object a.
    """
    if "." in key:
        keys = tuple(key.split("."))
        return lambda activity: _nested_property(activity, key, keys)
    return lambda activity: _property(activity, key)


def is_always_text(key: str) -> bool:
    """Whether a field is text wherever it is there."""
    return key in ALWAYS_TEXT_FIELDS or key.startswith(QUERY_PREFIX)


def _undeclared_reader(key: str) -> FieldReader:
    if key == "name":
        return lambda activity: activity.name
    if key in _OWN_FIELDS:
        return lambda activity: _own_or_property(activity, key)
    if key in _URL_PARTS or key.startswith(QUERY_PREFIX):
        read_part = _part_reader(key)
        return lambda activity: read_part(_own_or_property(activity, "url"))
    return property_reader(key)


def _declared_reader(key: str) -> tuple[FieldReader, PropertyType | None]:
    if key == "name":
        return (lambda activity: activity.name), "text"
    if key in _OWN_FIELDS:
        return (lambda activity: activity.fields.get(key)), "text"
    if key in _URL_PARTS or key.startswith(QUERY_PREFIX):
        read_part = _part_reader(key)
        return (lambda activity: read_part(activity.fields.get("url"))), "text"
    return (lambda activity: _property(activity, key)), None


def _own_or_property(activity: Activity, key: str) -> Any:
    own = activity.fields.get(key)
    return _property(activity, key) if own is None else own


def _property(activity: Activity, key: str) -> Any:
    properties = activity.fields.get("properties")
    return properties.get(key) if isinstance(properties, Mapping) else None


def _nested_property(activity: Activity, key: str, keys: tuple[str, ...]) -> Any:
    """Returns the property with that literal name; where there is none, the value at these keys inside objects."""
    value = activity.fields.get("properties")
    if isinstance(value, Mapping) and key in value:
        return _property(activity, key)
    for step in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def _part_reader(key: str) -> Callable[[Any], str | None]:
    """Returns the reader of a part of an address."""
    if key == "path":
        return _path
    if key == "host":
        return _host
    parameter = key.removeprefix(QUERY_PREFIX)
    return lambda url: _parameters(url).get(parameter)


def _path(url: Any) -> str | None:
    parts = _split_url(url)
    if parts is None:
        return None
    return parts.path or ("/" if parts.netloc else None)


def _host(url: Any) -> str | None:
    parts = _split_url(url)
    return None if parts is None else parts.hostname


def _parameters(url: Any) -> Mapping[str, str]:
    parts = _split_url(url)
    return {} if parts is None else _parse_query(parts.query)


def _split_url(url: Any) -> SplitResult | None:
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
