"""Patches of properties: how large a contact may grow, and which values need no second look."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION, EngineVersion
from streams.engine.state.contact import Contact
from streams.engine.state.limits import MAX_PROPERTY_BYTES
from streams.engine.state.patches import patch_properties
from streams.engine.state.properties import is_plain_value, validate_property

TYPES = [None, "text", "number", "boolean", "date", "datetime", "list", "object"]
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=2)
)


def codes(contact: Contact, **patch: object) -> list[str]:
    _, refusals = patch_properties(contact, patch, {}, NEWEST_VERSION)
    return [refusal.code for refusal in refusals]


def size(contact: Contact) -> int:
    return len(msgspec.json.encode(contact.properties))


@pytest.mark.parametrize("letter", ["x", "é", "\n"])
def test_small_patches_add_up_until_the_bound_and_no_further(letter: str) -> None:
    contact, number, text = Contact("default", "ann", 0, 0, 0), 0, letter * 900
    while not (refused := codes(contact, **{f"note{number}": text})):
        number += 1
        assert size(contact) <= MAX_PROPERTY_BYTES
    assert refused == ["contact_too_large"]
    assert size(contact) + len(msgspec.json.encode({f"note{number}": text})) - 1 > MAX_PROPERTY_BYTES
    assert codes(contact, note0=None) == []  # it may become smaller
    assert codes(contact, again=text) == []


@given(values, st.sampled_from(TYPES), st.sampled_from([OLDEST_VERSION, NEWEST_VERSION]))
@example(2**53, "number", NEWEST_VERSION)
@example(10**400, None, NEWEST_VERSION)
@example(True, "number", NEWEST_VERSION)
def test_a_plain_value_is_valid_as_it_is(value: object, kind: object, version: EngineVersion) -> None:
    if is_plain_value(value, kind):  # type: ignore[arg-type]
        assert validate_property("plan", value, kind, version) is value  # type: ignore[arg-type]


def test_most_values_are_plain() -> None:
    assert all(is_plain_value(value, None) for value in ("", "DE", True, 0, -7, 2.5, 2**53))
    assert is_plain_value("DE", "text")
    assert is_plain_value(7, "number")
    assert not is_plain_value("2026-01-01", "date")
