"""The external id of a contact."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.external_id import MAX_CHARACTERS, external_id, parse_external_id

CONTACTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=255)


def test_a_plain_id_stays_readable() -> None:
    assert external_id("default", "ada@example.com") == "default/ada@example.com"


@given(CONTACTS)
def test_account_and_contact_can_be_parsed_unless_a_digest_replaces_them(contact: str) -> None:
    key = external_id("acme", contact)
    assert len(key) <= MAX_CHARACTERS
    assert parse_external_id(key) in (("acme", contact), None)
    assert parse_external_id(key) is not None or len(contact) > 27


@given(CONTACTS, CONTACTS)
def test_two_contacts_never_share_a_key_even_where_case_does_not_matter(one: str, other: str) -> None:
    same = external_id("a", one).casefold() == external_id("a", other).casefold()
    assert same == (one == other)


def test_a_slash_in_a_contact_does_not_move_it_to_another_account() -> None:
    assert external_id("a", "b/c") != external_id("a/b", "c")
    assert parse_external_id(external_id("a", "b/c")) == ("a", "b/c")


def test_a_foreign_key_has_no_contact() -> None:
    assert parse_external_id("4711") is None
    assert parse_external_id("") is None
