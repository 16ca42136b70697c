"""Cursors are opaque, nothing else passes for one, and each goes on with the list that it came from alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UsageError
from streams.views.cursors import contact_list, lead_list, letter_list, member_list

MEMBERS = member_list("default", "vip", newest_first=False)
OTHERS = [
    member_list("default", "vip", newest_first=True),
    member_list("default", "german", newest_first=False),
    member_list("acme", "vip", newest_first=False),
    contact_list("default", ""),
    contact_list("default", "a"),
    contact_list("acme", "a"),
    lead_list("default", "vip", "active", newest_first=False),
    lead_list("default", "vip", "qualified", newest_first=False),
    lead_list("default", "vip", "active", newest_first=True),
    letter_list("no_lead", ""),
    letter_list("", "no_lead"),
]


@given(st.integers(-(2**53), 2**53), st.text())
def test_a_cursor_gives_back_what_it_was_made_of(score: int, member: str) -> None:
    member = member.encode(errors="replace").decode()
    cursor = MEMBERS.encode_cursor(str(score), member)
    assert cursor.isascii()
    assert MEMBERS.decode_cursor(cursor) == (str(score), member)


@pytest.mark.parametrize("text", ["", "x", "e30", "WyJhIiwiYiJd", "ü", "=" * 3, "WzEsMl0"])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no cursor of a page"):
        MEMBERS.decode_cursor(text)


@pytest.mark.parametrize("score", ["", "nan", "-inf", "(5", "1.5"])
def test_a_cursor_without_a_whole_number_is_refused(score: str) -> None:
    with pytest.raises(UsageError, match="no cursor of a page"):
        MEMBERS.decode_cursor(MEMBERS.encode_cursor(score, "ada"))


@pytest.mark.parametrize("other", range(len(OTHERS)))
def test_a_cursor_of_another_list_is_refused(other: int) -> None:
    cursor = OTHERS[other].encode_cursor("1", "ada")
    for each in (MEMBERS, *OTHERS):
        if each is OTHERS[other]:
            assert each.decode_cursor(cursor) == ("1", "ada")
        else:
            with pytest.raises(UsageError, match="one of another list"):
                each.decode_cursor(cursor)
