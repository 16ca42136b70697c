"""A patch of properties: null removes, a value of the wrong declared type is refused alone (SPEC section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.definitions import STANDARD_PROPERTIES, PropertyType
from streams.engine.journal.effects import Refusal
from streams.engine.state.contact import Contact
from streams.engine.state.limits import MOST_PROPERTY_BYTES
from streams.engine.state.properties import DERIVED, check, derived

_TOO_LARGE = (
    f"the contact's properties would take {{}} bytes, at most {MOST_PROPERTY_BYTES} are kept; none was changed"
)
_encode = msgspec.json.Encoder().encode


def change_properties(
    contact: Contact, patch: Mapping[str, Any], declared: Mapping[str, PropertyType]
) -> tuple[set[str], list[Refusal]]:
    """Applies what can be applied; the properties that may be otherwise now, and why others were refused."""
    refusals: list[Refusal] = []
    changed = set(patch)
    properties = dict(contact.properties)
    for name, value in patch.items():
        checked = check(name, value, declared.get(name) or STANDARD_PROPERTIES.get(name))
        if isinstance(checked, Refusal):
            refusals.append(checked)
        elif checked is None:
            properties.pop(name, None)
        else:
            properties[name] = checked
    if "email" in patch:
        for name in DERIVED:
            properties.pop(name, None)
        properties.update(derived(properties))
        changed |= DERIVED
    size = len(_encode(properties))
    if size > MOST_PROPERTY_BYTES and size > len(_encode(contact.properties)):
        return set(), [*refusals, Refusal("contact_too_large", _TOO_LARGE.format(size))]
    contact.properties = properties
    return changed, refusals
