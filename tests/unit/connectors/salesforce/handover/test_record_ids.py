"""Ids of 15 and of 18 characters."""

from __future__ import annotations

import pytest

from connectors.salesforce.handover.record_ids import full_record_id


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
