"""Property leaves, and what a patch makes of a contact's properties (SPEC sections 3 and 5)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from schemas.time_zones import UTC
from schemas.values import instant_ms, instant_text
from streams.batch.dates import instant_of
from streams.batch.operators import passes
from streams.batch.world import Condition, World

MOST_BYTES = 200_000
"""Of the properties as JSON, see docs/state-bounds.md."""

_LARGEST = (2**53 - 1) * 2**971
"""The largest number that is one to every reader of JSON: what comes after it rounds to no end."""

_FIRST, _LAST = instant_ms("0001-01-01T00:00:00Z"), instant_ms("9999-12-31T23:59:59.999Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BESIDE = frozenset({"property", "held_for"})


def property_holds(leaf: Condition, world: World, now: int) -> bool:
    """A property leaf at this very instant, whatever `held_for` asks."""
    keys = leaf["property"] if isinstance(leaf["property"], list) else [leaf["property"]]
    value: Any = world.properties
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    operators = {name: operand for name, operand in leaf.items() if name not in _BESIDE}
    kind = world.types.get(keys[0]) if len(keys) == 1 else None
    return passes(value, operators, kind, world, now)


def patched(properties: dict[str, Any], patch: dict[str, Any], types: dict[str, str]) -> dict[str, Any]:
    """The properties after a patch: null removes, a value of the wrong type leaves the one before."""
    after = dict(properties)
    for name, value in patch.items():
        if name == "email_domain":
            continue
        if value is None:
            after.pop(name, None)
        elif _is_of(value, types.get(name)):
            after[name] = _kept(value, types.get(name))
    if "email" in patch:
        after.pop("email_domain", None)
        domain = _domain(after.get("email"))
        after |= {} if domain is None else {"email_domain": domain}
    size = len(msgspec.json.encode(after))
    return properties if size > MOST_BYTES and size > len(msgspec.json.encode(properties)) else after


def _is_of(value: Any, kind: str | None) -> bool:
    """Whether a value fits the declared type; every value but a number without end fits none."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LARGEST + 2**970:
        return False
    if kind is None:
        return True
    if kind == "date":
        return isinstance(value, str) and bool(_DAY.fullmatch(value)) and instant_of(value, UTC) is not None
    if kind == "datetime":
        return _is_datetime(value)
    if kind == "list":
        return isinstance(value, list) and not any(isinstance(one, dict | list) or one is None for one in value)
    if kind == "object":
        return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(one, dict) for one in value))
    wanted: dict[str, tuple[type, ...]] = {"text": (str,), "boolean": (bool,), "number": (int, float)}
    return isinstance(value, wanted[kind]) and (kind == "boolean") is isinstance(value, bool)


def _is_datetime(value: Any) -> bool:
    """An instant that, written in UTC, is still one of the calendar's years."""
    if not isinstance(value, str) or _DAY.fullmatch(value):
        return False
    instant = instant_of(value, UTC)
    return instant is not None and _FIRST <= instant <= _LAST


def _kept(value: Any, kind: str | None) -> Any:
    """Instants in UTC, all else as it is."""
    return instant_text(instant_ms(value)) if kind == "datetime" else value


def _domain(email: Any) -> str | None:
    """What stands behind the last `@` of an address."""
    if not isinstance(email, str) or "@" not in email:
        return None
    local, _, domain = email.strip().rpartition("@")
    domain = domain.rstrip(".>").lower()
    return domain if local and domain and not re.search(r"\s", domain) else None
