"""Patches properties: null removes, a value of the wrong declared type is refused alone (SPEC section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.definitions import STANDARD_PROPERTIES, PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.journal.effects import Refusal
from streams.engine.state.contact import Contact
from streams.engine.state.limits import MAX_PROPERTY_BYTES
from streams.engine.state.properties import DERIVED_PROPERTIES, derive_properties, is_plain_value, validate_property

_TOO_LARGE = (
    f"the contact's properties would take {{}} bytes, at most {MAX_PROPERTY_BYTES} are kept; none was changed"
)
_CANONICAL_BYTES = 64
"""More than the canonical form of a value may be longer than the value as it was given."""

_encode = msgspec.json.Encoder().encode


def patch_properties(
    contact: Contact, patch: Mapping[str, Any], property_types: Mapping[str, PropertyType], version: EngineVersion
) -> tuple[set[str], list[Refusal]]:
    """Applies what can be applied. Returns the properties that may have changed, and why others were refused.

    `property_types` and `version` are those of the account's release.
    """
    refusals: list[Refusal] = []
    changed = set(patch)
    properties = dict(contact.properties)
    for name, value in patch.items():
        property_type = property_types.get(name) or STANDARD_PROPERTIES.get(name)
        if is_plain_value(value, property_type) and name not in DERIVED_PROPERTIES:
            properties[name] = value
            continue
        result = validate_property(name, value, property_type, version)
        if isinstance(result, Refusal):
            refusals.append(result)
        elif result is None:
            properties.pop(name, None)
        else:
            properties[name] = result
    if "email" in patch:
        for name in DERIVED_PROPERTIES:
            properties.pop(name, None)
        properties.update(derive_properties(properties))
        changed |= DERIVED_PROPERTIES
    # What is derived from an address is not longer than that: so the patch counts twice.
    most = contact.most_property_bytes + 2 * len(_encode(patch)) + _CANONICAL_BYTES * len(patch)
    if most > MAX_PROPERTY_BYTES:
        most = len(_encode(properties))
        if most > MAX_PROPERTY_BYTES and most > len(_encode(contact.properties)):
            return set(), [*refusals, Refusal("contact_too_large", _TOO_LARGE.format(most))]
    contact.most_property_bytes = most
    contact.properties = properties
    return changed, refusals
