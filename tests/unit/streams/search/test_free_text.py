"""Free text: which words occur in a contact's properties."""

from __future__ import annotations

import pytest

from streams.errors import UsageError
from streams.search.free_text import FreeTextQuery

ADA = {
    "first_name": "Ada",
    "email": "Ada.Lovelace@example.com",
    "tags": ["early adopter", "Größe L"],
    "address": {"city": "London", "floors": 3},
    "employees": 50,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada", True),
        ("ADA london", True),
        ("ada paris", False),
        ("lovel*", True),
        ("love?ace", True),
        ("l?vel", False),
        ("ada.lovelace@example.com", True),
        ("ada.*@example.com", True),
        ("example", True),
        ("exampl", False),
        ("adopter", True),
        ("GRÖSSE", True),
        ("50", False),
        ("lond[o]n", False),
        ("a.a", False),
    ],
)
def test_each_word_must_occur_in_some_text(text: str, expected: bool) -> None:
    assert FreeTextQuery(text).matches(ADA) is expected


@pytest.mark.parametrize("text", ["*ada", "?da", "ada *", ""])
def test_a_word_cannot_begin_with_a_wildcard(text: str) -> None:
    with pytest.raises(UsageError):
        FreeTextQuery(text)


def test_many_wildcards_do_not_slow_the_match_down() -> None:
    assert FreeTextQuery("a" + "*a" * 40 + "b").matches({"text": "a" * 5_000}) is False
