"""The value that a filter's field has in one event (SPEC section 5)."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from streams.verify.recompute.model import HistoryActivity

_OWN_FIELDS = ("url", "title", "referrer", "campaign")


def field_value(activity: HistoryActivity, key: str, engine_version: int) -> Any:
    """The event's own field, a part of its address, or a property; None where there is none.

    Before version 4 the own fields hide the properties of their names, and a property's name is never a path.
    """
    if key == "name":
        return activity.name
    if key in _OWN_FIELDS:
        return _own_or_property(activity, key, engine_version)
    if key in ("path", "host") or key.startswith("query."):
        url = _split(_own_or_property(activity, "url", engine_version))
        return None if url is None else _url_part(url, key)
    return property_value(activity, key, engine_version)


def property_value(activity: HistoryActivity, name: str, engine_version: int) -> Any:
    """The property of that literal name; where there is none, `a.b` leads into objects."""
    value: Any = activity.fields.get("properties", {})
    if name in value or engine_version < 4:
        return value.get(name)
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _own_or_property(activity: HistoryActivity, name: str, engine_version: int) -> Any:
    own = activity.fields.get(name)
    if own is not None or engine_version < 4:
        return own
    return property_value(activity, name, engine_version)


def _split(url: Any) -> SplitResult | None:
    """The parts of a URL; None when it is missing, no text, or cannot be parsed."""
    try:
        return urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return None


def _url_part(url: SplitResult, key: str) -> str | None:
    if key == "path":
        return url.path or ("/" if url.netloc else None)
    if key == "host":
        return url.hostname
    query = parse_qsl(url.query, keep_blank_values=True)
    return next((value for name, value in query if name == key.removeprefix("query.")), None)
