"""The filters of `leadstream dead-letters`: what cannot be is refused before anything is read."""

from __future__ import annotations

from typing import Any

import pytest

from streams.cli.dead_letters.filters import build_selection, printable
from streams.errors import UsageError
from streams.store.dead_letters.letter import LetterCoordinates

NOTHING: dict[str, Any] = dict.fromkeys(("codes", "topics", "since", "until", "account", "contact"))


def test_no_filter_means_every_letter() -> None:
    selection = build_selection(**NOTHING)
    assert (selection.codes, selection.coordinates, selection.since) == (frozenset(), frozenset(), None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"codes": ["invalid_jsn"]}, "did you mean invalid_json"),
        ({"topics": ["web-visit"]}, "did you mean web-visits"),
        ({"topics": ["segment-changes"]}, "there is no topic"),
        ({"since": "yesterday"}, "--since"),
        ({"until": "1"}, "--until"),
        ({"account": "a b"}, "--account"),
        ({"coordinates": ["17"]}, "PARTITION:OFFSET"),
    ],
)
def test_a_slip_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_selection(**{**NOTHING, **fields})


def test_letters_are_named_by_their_coordinates() -> None:
    assert build_selection(**NOTHING, coordinates=["0:1", "1:2"]).coordinates == {
        LetterCoordinates(0, 1),
        LetterCoordinates(1, 2),
    }


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    assert printable("a\x1b[2Jb\n") == "a?[2Jb?"
    assert printable("Köln 🙂") == "Köln 🙂"
