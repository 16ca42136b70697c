"""A record of `dead-letters` read as a letter, and which letters a selection means."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.journal.effects import Refusal, SourceRecord
from streams.errors import UsageError
from streams.kafka.dead_letters import dead_letter_from_record
from streams.store.dead_letters.letter import Letter, LetterCoordinates
from streams.store.dead_letters.marks import RetryMark, RetryMarks
from streams.store.dead_letters.selection import LetterSelection
from tests.harness.runtime.fake_records import FakeRecord

REFUSAL = Refusal("no_at", "the event has no at")


def letter(
    value: bytes | None = b'{"contact": "ada"}', key: bytes | None = b"key", *headers: tuple[str, bytes]
) -> Letter:
    written = dead_letter_from_record(SourceRecord("web-visits", 2, 9, 0, key, value, headers, 0), REFUSAL)
    return Letter.from_record(FakeRecord("dead-letters", 1, 7, 1_000, written.key, written.value, written.headers))


def test_a_letter_says_what_why_and_from_where() -> None:
    found = letter()
    assert (found.code, found.message, found.source) == ("no_at", REFUSAL.message, ("web-visits", 2, 9))
    assert (str(found.coordinates), found.timestamp, found.account, found.contact) == ("1:7", 1_000, "default", "ada")
    assert found.to_dict()["event"] == {"contact": "ada"}


def test_headers_of_the_record_as_received_are_told_from_the_reasons() -> None:
    """A dead letter that somebody copied back with its headers: its old reasons are headers like others."""
    found = letter(b"{}", b"ada", ("error-code", b"no_id"), ("source-topic", b"elsewhere"))
    assert (found.code, found.source) == ("no_at", ("web-visits", 2, 9))
    assert found.headers == (("error-code", b"no_id"), ("source-topic", b"elsewhere"))


@pytest.mark.parametrize(
    ("value", "key", "account", "contact"),
    [
        (b"{}", b"ada", "default", "ada"),
        (b"no json", b"ada", None, "ada"),
        (b"no json", b"\xff", None, None),
        (None, None, None, None),
        (b'{"contact": 7, "account": "acme"}', b"ada", "acme", "ada"),
        (b'{"type": "opportunity.changed", "opportunity": "006A"}', b"006A", "default", None),
    ],
)
def test_whose_it_is_stands_in_the_event_or_in_the_key(
    value: bytes | None, key: bytes | None, account: str | None, contact: str | None
) -> None:
    found = letter(value, key)
    assert (found.account, found.contact) == (account, contact)


def test_a_record_that_no_leadstream_wrote_is_a_letter_of_an_unknown_code() -> None:
    found = Letter.from_record(FakeRecord("dead-letters", 0, 0, -1, None, b"x", (("trace", b"1"),)))
    assert (found.code, found.source, found.timestamp) == ("unknown", None, 0)
    assert found.headers == (("trace", b"1"),)


def test_coordinates_are_written_with_or_without_the_topic() -> None:
    assert LetterCoordinates.parse("1:7") == LetterCoordinates.parse("dead-letters:1:7") == LetterCoordinates(1, 7)
    for text in ("", "1", "1:", "a:b", "1:7:9", "-1:7", "1:\u0667"):
        with pytest.raises(UsageError, match="PARTITION:OFFSET"):
            LetterCoordinates.parse(text)


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({}, True),
        ({"codes": {"no_at", "no_id"}}, True),
        ({"codes": {"no_id"}}, False),
        ({"topics": {"web-visits"}}, True),
        ({"topics": {"lead-commands"}}, False),
        ({"since": 1_000, "until": 1_001}, True),
        ({"since": 1_001}, False),
        ({"until": 1_000}, False),
        ({"account": "default", "contact": "ada"}, True),
        ({"contact": "ADA"}, False),
        ({"account": "acme"}, False),
        ({"coordinates": {LetterCoordinates(1, 7)}}, True),
        ({"coordinates": {LetterCoordinates(0, 7)}}, False),
        ({"is_retried": False}, True),
        ({"is_retried": True}, False),
    ],
)
def test_a_letter_is_meant_where_it_meets_every_filter(fields: dict[str, Any], fits: bool) -> None:
    assert LetterSelection(**fields).fits(letter(), is_retried=False) is fits


def test_ids_are_compared_as_the_deployment_writes_them() -> None:
    found = letter(b'{"contact": " Ada "}')
    assert LetterSelection(contact="ada", normalizes_ids=True).fits(found, is_retried=False)
    assert not LetterSelection(contact="ada").fits(found, is_retried=False)


def test_a_mark_speaks_of_the_letter_that_was_written_then() -> None:
    found = letter()
    marks = RetryMarks({found.coordinates: RetryMark(999, "retry-1-7-x", "2026-03-02T09:00:00.000Z")})
    assert marks.mark_of(found) is None, "the topic was made anew"
    marks.add(found, RetryMark(1_000, "retry-1-7-y", "2026-03-02T09:00:00.000Z"))
    mark = marks.mark_of(found)
    assert mark is not None
    assert mark.id == "retry-1-7-y"
    assert list(marks.marks_before({1: 8})) == [found.coordinates]
    assert list(marks.marks_before({1: 7, 0: 99})) == []
