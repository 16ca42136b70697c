"""The typed decode at ingest gives the very bytes, and the very refusals, that the models of the events give."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.values import instant_ms
from streams.engine.journal.effects import SourceRecord
from streams.engine.journal.validate import EventValidator
from tests.harness.random.random_source_records import (
    NOON,
    instant_texts,
    instants_of_one_oddity,
    records_of_one_oddity,
    source_records,
)

validators = st.sampled_from(
    [
        *(
            EventValidator(),
            EventValidator("events"),
            EventValidator("wall", future_ms=0),
            EventValidator(max_bytes=250),
        ),
        EventValidator("events", normalize_ids=True),
    ]
)


@pytest.mark.parametrize("normalize_ids", [False, True])
def test_every_single_oddity_gets_the_same_result(normalize_ids: bool) -> None:
    validator, results = EventValidator("events", normalize_ids=normalize_ids), Counter[str]()
    for record in records_of_one_oddity():
        result = validator.validate(record)
        assert result == validator.validate_by_model(record), record
        results[type(result).__name__] += 1
    assert min(results["Append"], results["Refusal"]) > 1_000


@settings(max_examples=1_500, deadline=None)
@given(source_records(), validators)
def test_the_typed_decode_is_the_model_s(record: SourceRecord, validator: EventValidator) -> None:
    assert validator.validate(record) == validator.validate_by_model(record)


@settings(max_examples=1_000, deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode), validators)
@example(b"{" * 70, EventValidator())
@example(b"[" * 200_000, EventValidator())
def test_any_bytes_get_the_same_result(value: bytes, validator: EventValidator) -> None:
    record = SourceRecord("contact-changes", 3, 42, NOON, b"anna", value, (), NOON)
    assert validator.validate(record) == validator.validate_by_model(record)


@settings(max_examples=1_500, deadline=None)
@given(instant_texts)
def test_an_instant_is_its_date_time_and_offset(text: str) -> None:
    check_instant(text)


def test_every_single_part_of_an_instant_counts() -> None:
    for text in instants_of_one_oddity():
        check_instant(text)


def check_instant(text: str) -> None:
    try:
        ms: int | None = instant_ms(text)
    except ValueError:
        ms = None
    assert ms == reference_instant_ms(text)


RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.(\d+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def reference_instant_ms(text: str) -> int | None:
    """The instant by the calendar alone; None for what is no instant."""
    match = RFC3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, offset_hour, offset_minute = match.groups()[6:]
    try:
        days = date(year, month, day).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:
        return None
    if hour > 23 or minute > 59 or second > 60 or int(offset_hour or 0) > 23:
        return None
    offset = int(f"{sign}1") * (int(offset_hour) * 60 + int(offset_minute)) if sign else 0
    milliseconds = int(f"{fraction}00"[:3]) if fraction else 0
    return (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1_000 + milliseconds
