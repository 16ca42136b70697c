"""Ids of 15 and of 18 characters."""

from __future__ import annotations

import pytest

from connectors.salesforce.handover.record_ids import full_record_id, is_person_id


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("0055A000000000B", "0055A000000000BQAQ"),
        ("7015A000000SPR1", "7015A000000SPR1QAO"),
        ("001D000000IqhSL", "001D000000IqhSLIAZ"),
        ("0055A000000000BQAQ", "0055A000000000BQAQ"),
        ("nonsense", "nonsense"),
    ],
)
def test_an_id_has_one_form(short: str, full: str) -> None:
    assert full_record_id(short) == full


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("00Q5A000000000B", True),
        ("0035A000000000BQAQ", True),
        ("0065A000000000BQAQ", False),
        ("00Q5A000000000é", False),
        ("00Q5A000000000BQ", False),
        ("hs-123", False),
        ("", False),
    ],
)
def test_a_lead_and_a_contact_have_ids_of_their_own(text: str, is_one: bool) -> None:
    assert is_person_id(text) is is_one
