"""Edits of a refused event, as a command line writes them."""

from __future__ import annotations

from typing import Any

import pytest

from streams.errors import UsageError
from streams.store.dead_letters.edit import LetterEdit, parse_assignment, parse_document, parse_path

EVENT = {"id": "e1", "properties": {"employees": "many", "city": "Bonn"}}


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("campaign=spring", ("campaign",), "spring"),
        ("properties.employees=80", ("properties", "employees"), 80),
        ("by=", ("by",), ""),
        ("note=a=b", ("note",), "a=b"),
        ('code="80"', ("code",), "80"),
        ("tags=[1]", ("tags",), [1]),
        ("gone=null", ("gone",), None),
    ],
)
def test_a_value_is_json_or_else_text(text: str, path: tuple[str, ...], value: Any) -> None:
    assert parse_assignment(text) == (path, value)


@pytest.mark.parametrize("text", ["campaign", "=x", "a..b=1", ".a=1"])
def test_what_names_no_field_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_assignment(text)


def test_fields_are_set_and_then_removed_in_a_copy() -> None:
    edit = LetterEdit(
        assignments=[parse_assignment("properties.employees=80"), parse_assignment("new.inner=1")],
        removals=[parse_path("properties.city"), parse_path("nowhere.at")],
    )
    assert edit.apply(EVENT) == {"id": "e1", "properties": {"employees": 80}, "new": {"inner": 1}}
    assert EVENT["properties"] == {"employees": "many", "city": "Bonn"}
    assert edit


def test_a_whole_event_replaces_what_was_there_or_was_none() -> None:
    edit = LetterEdit(document={"id": "e2"})
    assert edit.apply(EVENT) == edit.apply(None) == {"id": "e2"}
    assert LetterEdit().apply(None) is None
    assert not LetterEdit()


@pytest.mark.parametrize("text", [b"{", b"[]", b"", b"\xff"])
def test_a_file_that_holds_no_event_is_named(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"event\.json"):
        parse_document(text, "event.json")
