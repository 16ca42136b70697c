"""Validates property values: what a value of each type must be, and its canonical form (SPEC section 3).

| type | accepts |
|---|---|
| `text` | text |
| `number` | a number within a double's range, whole numbers to the last digit |
| `boolean` | true, false |
| `date` | a calendar date `2026-03-31` |
| `datetime` | an RFC 3339 instant, or a calendar date: its local midnight in the account's zone |
| `list` | a list of text, numbers, true and false |
| `object` | an object, or a list of objects |
| undeclared | anything |

A value is kept as it was given, and no number anywhere in it may be beyond a double. Null removes a property and fits
every type. Nothing is guessed: the text `"5"` is not a number.

Engine version 3 takes no calendar date for a `datetime` and writes the instant in UTC, cut to milliseconds; in lists
and objects it takes any number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from schemas.definitions import PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from schemas.values import instant_ms, instant_text, is_day
from streams.engine.journal.effects import Refusal

DERIVED_PROPERTIES = frozenset({"email_domain"})
"""Properties that are derived from others and cannot be set."""

_PLAIN_TYPES: Mapping[type, PropertyType] = {str: "text", int: "number", float: "number", bool: "boolean"}
_SAFE_NUMBER = 2**53
"""Every whole number up to here is within a double's range."""


class _DoesNotFit(Exception):
    """The value is not of the declared type."""


class _BeyondDouble(Exception):
    """A list or an object holds a number that no double can hold."""


def validate_property(
    name: str, value: Any, property_type: PropertyType | None, version: EngineVersion = NEWEST_VERSION
) -> Any | Refusal:
    """The value in its canonical form, None for a removed one, or why this value alone is refused.

    `property_type` is the property's declared or standard type, None for an undeclared one.
    """
    if name in DERIVED_PROPERTIES:
        return Refusal("derived_property", f"{name} is derived and cannot be set")
    if value is None:
        return None
    try:
        return _VALIDATORS[version][property_type](value)
    except _BeyondDouble:
        return Refusal("wrong_property_type", f"{name} holds a number that is beyond a double's range")
    except _DoesNotFit:
        kind = property_type or "number"  # of undeclared values only a number out of range is refused
        return Refusal("wrong_property_type", f"{name} is of the type {kind}, and {_describe_value(value)} is not")


def is_plain_value(value: Any, property_type: PropertyType | None) -> bool:
    """Returns whether the value is certainly of the type, and in its canonical form, under any engine version.

    False says nothing. It spares most values the whole validation.
    """
    kind = type(value)
    if property_type is not None and property_type != _PLAIN_TYPES.get(kind):
        return False
    return kind is str or kind is bool or ((kind is int or kind is float) and -_SAFE_NUMBER <= value <= _SAFE_NUMBER)


def email_domain(email: Any) -> str | None:
    """The part behind the last `@`, in lower case without a closing dot; None when `email` is not an address."""
    if not isinstance(email, str):
        return None
    local, at, domain = email.strip().rpartition("@")
    domain = domain.rstrip(".>").lower()
    return domain if local and at and domain and not any(c.isspace() for c in domain) else None


def derive_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The derived properties of a contact with these properties; one without a value is left out."""
    domain = email_domain(properties.get("email"))
    return {} if domain is None else {"email_domain": domain}


def _validate_text(value: Any) -> Any:
    return _require_type(value, str)


def _validate_boolean(value: Any) -> Any:
    return _require_type(value, bool)


def _validate_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _DoesNotFit
    return _require_finite(value)


def _validate_date(value: Any) -> Any:
    if not is_day(_require_type(value, str)):
        raise _DoesNotFit
    return value


def _validate_instant(value: Any) -> Any:
    try:
        return instant_text(instant_ms(_require_type(value, str)))
    except (ValueError, OverflowError) as error:
        raise _DoesNotFit from error


def _validate_datetime(value: Any) -> Any:
    if not is_day(_require_type(value, str)):
        _validate_instant(value)
    return value


def _validate_list(value: Any) -> Any:
    if any(isinstance(item, dict | list) or item is None for item in _require_type(value, list)):
        raise _DoesNotFit
    return value


def _validate_object(value: Any) -> Any:
    if isinstance(value, list):
        if not all(isinstance(item, dict) for item in value):
            raise _DoesNotFit
        return value
    return _require_type(value, dict)


def _require_finite(value: Any) -> Any:
    """Refuses whole numbers of hundreds of digits: they are JSON, but arithmetic and other readers fail on them."""
    if isinstance(value, int | float):
        try:
            is_finite = isfinite(value)
        except OverflowError as error:
            raise _DoesNotFit from error
        if not is_finite:
            raise _DoesNotFit
    return value


def _require_all_finite(value: Any) -> Any:
    """Refuses such numbers at any depth; goes level by level, because values may be nested deeply."""
    level: Iterable[Any] = [_require_finite(value)]
    while level := [inner for outer in level for inner in _inner_values(outer)]:
        for inner in level:
            try:
                _require_finite(inner)
            except _DoesNotFit as error:
                raise _BeyondDouble from error
    return value


def _inner_values(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _require_type(value: Any, required: type) -> Any:
    if not isinstance(value, required):
        raise _DoesNotFit
    return value


def _describe_value(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_Validators = Mapping[PropertyType | None, Callable[[Any], Any]]

_VERSION_3_VALIDATORS: _Validators = {
    None: _require_finite,
    "text": _validate_text,
    "number": _validate_number,
    "boolean": _validate_boolean,
    "date": _validate_date,
    "datetime": _validate_instant,
    "list": _validate_list,
    "object": _validate_object,
}
_VALIDATORS: Mapping[EngineVersion, _Validators] = {
    3: _VERSION_3_VALIDATORS,
    4: {
        **_VERSION_3_VALIDATORS,
        None: _require_all_finite,
        "datetime": _validate_datetime,
        "list": lambda value: _require_all_finite(_validate_list(value)),
        "object": lambda value: _require_all_finite(_validate_object(value)),
    },
}
