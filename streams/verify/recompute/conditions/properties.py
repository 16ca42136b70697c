"""Property leaves, and the properties of a contact after a patch (SPEC sections 3 and 5)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from schemas.engine_versions import NEWEST_VERSION
from schemas.values import instant_ms, instant_text
from streams.verify.recompute.conditions.operators import fits, passes
from streams.verify.recompute.model import ContactModel, PlainCondition

MOST_BYTES = 200_000
"""Bytes of all properties as JSON, see docs/state-bounds.md."""

_LARGEST = (2**53 - 1) * 2**971
"""The largest number that every JSON reader can hold: larger ones round to infinity."""

_KEPT_AS_GIVEN_SINCE = 4
"""The engine version from which on a `datetime` is kept as given."""

_NON_OPERATORS = frozenset({"property", "held_for"})


def property_holds(leaf: PlainCondition, model: ContactModel, now: int) -> bool:
    """Whether a property leaf holds at `now` (ms), without its `held_for`."""
    keys = leaf["property"] if isinstance(leaf["property"], list) else [leaf["property"]]
    value: Any = model.properties
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    operators = {name: operand for name, operand in leaf.items() if name not in _NON_OPERATORS}
    kind = model.property_types.get(keys[0]) if len(keys) == 1 else None
    return passes(value, operators, kind, model, now)


def apply_patch(
    properties: dict[str, Any],
    patch: dict[str, Any],
    types: dict[str, str],
    engine_version: int = NEWEST_VERSION,
) -> dict[str, Any]:
    """The properties after a patch: null removes, a value of the wrong type changes nothing."""
    after = dict(properties)
    for name, value in patch.items():
        if name == "email_domain":
            continue
        if value is None:
            after.pop(name, None)
        elif _is_of_type(value, types.get(name), engine_version):
            after[name] = _normalize(value, types.get(name), engine_version)
    if "email" in patch:
        after.pop("email_domain", None)
        domain = _email_domain(after.get("email"))
        after |= {} if domain is None else {"email_domain": domain}
    size = len(msgspec.json.encode(after))
    return properties if size > MOST_BYTES and size > len(msgspec.json.encode(properties)) else after


def _is_of_type(value: Any, property_type: str | None, engine_version: int) -> bool:
    """Whether a value fits the declared type; without one, every value fits except an infinite number."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LARGEST + 2**970:
        return False
    return property_type is None or fits(value, property_type, engine_version)


def _normalize(value: Any, property_type: str | None, engine_version: int) -> Any:
    """Returns the value as it came; before version 4 an instant in UTC."""
    is_rewritten = engine_version < _KEPT_AS_GIVEN_SINCE and property_type == "datetime"
    return instant_text(instant_ms(value)) if is_rewritten else value


def _email_domain(email: Any) -> str | None:
    """The part after the last `@` of an address."""
    if not isinstance(email, str) or "@" not in email:
        return None
    local, _, domain = email.strip().rpartition("@")
    domain = domain.rstrip(".>").lower()
    return domain if local and domain and not re.search(r"\s", domain) else None
