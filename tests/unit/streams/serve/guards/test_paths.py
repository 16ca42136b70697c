"""A slash inside an id is no slash between parts of a path."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.serve.guards.paths import decode_part, decode_path


@pytest.mark.parametrize(
    ("raw_path", "parts"),
    [
        (b"/contacts/ada/why", ["contacts", "ada", "why"]),
        (b"/contacts/a%2Fb/why", ["contacts", "a/b", "why"]),
        (b"/contacts/a%252Fb", ["contacts", "a%2Fb"]),
        (b"/contacts/%C3%A4", ["contacts", "ä"]),
        (b"/contacts/100%25", ["contacts", "100%"]),
    ],
)
def test_each_part_is_decoded_by_itself(raw_path: bytes, parts: list[str]) -> None:
    assert [decode_part(part) for part in decode_path(raw_path).split("/")[1:]] == parts


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable()))
def test_every_id_comes_back(name: str) -> None:
    path = decode_path(f"/contacts/{quote(name, safe='')}/why".encode())
    assert [decode_part(part) for part in path.split("/")] == ["", "contacts", name, "why"]


def test_what_is_not_utf_8_is_refused() -> None:
    with pytest.raises(UnicodeDecodeError):
        decode_path(b"/contacts/%ff")
