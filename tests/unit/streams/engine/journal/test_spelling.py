"""An unknown type or field is compared with those that exist; what resembles none is left alone."""

from __future__ import annotations

import pytest

from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.spelling import MAX_NAME_LENGTH, misspellings, similar_type, unknown_type_hint


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("score.changed", "score.adjusted"),
        ("score.added", "score.adjusted"),
        ("scores.changed", "score.adjusted"),
        ("Scores-Updated", "score.adjusted"),
        ("contacts.updated", "contact.changed"),
        ("contact.chnaged", "contact.changed"),
        ("contact.created", "contact.changed"),
        ("contact.updated", "contact.changed"),
        ("contact.removed", "contact.deleted"),
        ("contactChanged", "contact.changed"),
        ("Contact_Changed", "contact.changed"),
        ("web.visit", "web.visited"),
        ("page.visited", "web.visited"),
        ("lead.deleted", "lead.removed"),
        ("lead.qualify", "lead.qualified"),
        ("segment.memberAdded", "segment.member_added"),
        ("opportunity.won", "opportunity.changed"),
    ],
)
def test_a_type_is_recognized_by_its_subject_and_by_its_letters(name: str, expected: str) -> None:
    assert similar_type(name) == expected


@pytest.mark.parametrize(
    "name", ["", "order.paid", "contact.renamed", "contact.merge", "visit", "lead.won", "x" * 1_000_000]
)
def test_a_type_that_resembles_none_gets_no_advice(name: str) -> None:
    assert similar_type(name) is None


def test_the_hint_lists_the_types_that_are_served() -> None:
    hint = unknown_type_hint("score.changed", ("definitions.applied",))
    assert hint.startswith(" - did you mean score.adjusted? The types are contact.changed, ")
    assert hint.endswith(", opportunity.changed, definitions.applied")
    assert "merged" not in hint
    assert unknown_type_hint("order.paid").startswith("; the types are contact.changed, ")


@pytest.mark.parametrize(
    ("type_", "field", "correction"),
    [
        ("contact.changed", "props", "properties"),
        ("contact.changed", "proeprties", "properties"),
        ("contact.changed", "Properties", "properties"),
        ("contact.changed", "contact_id", "contact"),
        ("contact.changed", "accountId", "account"),
        ("web.visited", "URL", "url"),
        ("web.visited", "referer", "referrer"),
        ("score.adjusted", "point", "points"),
        ("opportunity.changed", "closeDate", "close_date"),
        ("opportunity.changed", "lead-campaign", "lead_campaign"),
    ],
)
def test_a_field_with_a_slip_is_recognized(type_: str, field: str, correction: str) -> None:
    assert list(misspellings(type_, ["id", "type", field])) == [(field, correction)]


@pytest.mark.parametrize(
    ("type_", "field"),
    [
        ("contact.changed", "source"),
        ("contact.changed", "state"),
        ("contact.changed", "country"),
        ("score.adjusted", "source"),
        ("web.visited", "visitor_id"),
        ("web.visited", "session"),
        ("web.visited", "uri"),
        ("web.visited", "ip"),
        ("lead.added", "typ"),
        ("web.visited", "u" * (MAX_NAME_LENGTH + 1)),
    ],
)
def test_a_producers_own_field_is_no_slip(type_: str, field: str) -> None:
    assert list(misspellings(type_, ["id", field])) == []


def test_a_field_beside_the_one_that_it_resembles_is_a_producers_own() -> None:
    assert list(misspellings("contact.changed", ["contact", "contact_id", "status", "stat"])) == []


@pytest.mark.parametrize("type_", sorted(EVENT_TYPES))
def test_the_fields_of_a_type_are_no_slips(type_: str) -> None:
    for field in EVENT_TYPES[type_].field_names:
        assert list(misspellings(type_, [field])) == []
