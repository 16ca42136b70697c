"""Cursors are opaque, and nothing else passes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UsageError
from streams.views.cursors import decode_cursor, encode_cursor


@given(st.integers(-(2**53), 2**53), st.text())
def test_a_cursor_gives_back_what_it_was_made_of(score: int, member: str) -> None:
    member = member.encode(errors="replace").decode()
    cursor = encode_cursor(str(score), member)
    assert cursor.isascii()
    assert decode_cursor(cursor) == (str(score), member)


@pytest.mark.parametrize("text", ["", "x", "e30", "WyJhIiwiYiJd", "ü", "=" * 3, "WzEsMl0"])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no cursor of a page"):
        decode_cursor(text)
