"""What messages suggest: a near word, or the list of those there are."""

from __future__ import annotations

import pytest

from streams.hints import MAX_SUGGESTIONS, describe_value, suggestion


def test_a_near_word_is_suggested_whatever_its_case() -> None:
    assert suggestion("Contry", ["city", "country"]) == " - did you mean country?"


def test_without_a_near_word_the_first_ones_are_listed() -> None:
    assert suggestion("x", ["city", "country"]) == " - one of: city, country"
    assert suggestion("x", []) == ""
    many = [f"word-{number}" for number in range(MAX_SUGGESTIONS + 1)]
    assert suggestion("x", many).endswith(f"{many[-2]}, ...")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (None, "null"),
        ({}, "a mapping"),
        ([1], "a list"),
        ("a", "'a'"),
        ("x" * 80, "'" + "x" * 56 + "..."),
    ],
)
def test_a_value_is_described_in_short(value: object, text: str) -> None:
    assert describe_value(value) == text
