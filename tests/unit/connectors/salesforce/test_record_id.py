"""Ids of 15 characters become those of 18, as Salesforce computes them."""

from __future__ import annotations

import pytest

from connectors.salesforce.record_id import long_record_id


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("7015A000000SPR1", "7015A000000SPR1QAO"),
        ("7015A000000AUT1", "7015A000000AUT1QAO"),
        ("701000000000000", "701000000000000AAA"),
        ("ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO555"),
    ],
)
def test_the_suffix_tells_which_letters_are_capitals(short: str, long: str) -> None:
    assert long_record_id(short) == long
    assert long_record_id(long) == long
