"""The key of a row says account, segment or campaign, and contact, whatever the contact's id is."""

from __future__ import annotations

import pytest

from streams.engine.decisions.outputs import table_key
from streams.store.outputs.tables import RowKey, parse_row_key


@pytest.mark.parametrize("contact", ["ada", "a/b", "/", "ü@example.com", "a b"])
def test_a_key_is_read_as_it_is_written(contact: str) -> None:
    assert parse_row_key(table_key("default", "hot", contact)) == RowKey("default", "hot", contact)


@pytest.mark.parametrize("key", [None, b"", b"default/ada", b"\xff/\xff/\xff"])
def test_a_key_of_another_writer_is_none(key: bytes | None) -> None:
    assert parse_row_key(key) is None
