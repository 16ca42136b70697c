"""Lines of a file of events: where each one goes, and why some are refused."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path
from typing import get_args

import pytest

from schemas.events import contacts, crm, leads, opportunities, scores, segments, visits
from schemas.events.base import InputEvent
from streams.errors import DataError
from streams.publish.lines import (
    ClockLine,
    DefinitionsLine,
    EventLine,
    Line,
    ParsedLine,
    RefusedLine,
    find_route,
    parse_json_lines,
    read_lines,
    total_progress,
    total_size,
)


def item(text: str) -> ParsedLine:
    return next(iter(parse_json_lines([Line("events.jsonl:1", text.encode())])))


def read(*paths: str) -> list[Line]:
    return list(read_lines(paths, lambda _done: None))


@pytest.mark.parametrize(
    "module", [contacts, crm, leads, opportunities, scores, segments, visits], ids=lambda module: module.__name__
)
def test_every_event_type_has_a_topic(module: object) -> None:
    types = [
        get_args(model.model_fields["type"].annotation)[0]
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, InputEvent) and "type" in model.model_fields
    ]
    assert types
    assert [name for name in types if find_route(name) is None] == []


def test_an_event_goes_to_the_topic_of_its_type_under_its_contact_byte_for_byte() -> None:
    text = '{"type": "score.adjusted",  "points": 1.50, "contact": "ann", "at": "2026-03-01T00:00:00Z"}'
    line = item(text)
    assert isinstance(line, EventLine)
    assert (line.event.topic, line.event.key) == ("scoring-events", b"ann")
    assert line.event.value == text.encode()
    assert line.event.owner == ("default", "ann")


def test_an_opportunity_goes_under_its_own_key() -> None:
    line = item('{"type": "opportunity.changed", "opportunity": "006", "contact": "ann", "account": "acme"}')
    assert isinstance(line, EventLine)
    assert (line.event.topic, line.event.key, line.event.owner) == (
        "crm-opportunities",
        b"006",
        ("acme", "006"),
    )


def test_an_event_without_contact_or_time_is_for_the_worker_to_refuse() -> None:
    line = item('{"type": "contact.changed", "at": "yesterday"}')
    assert isinstance(line, EventLine)
    assert (line.event.key, line.at) == (None, None)


def test_an_instant_that_the_worker_refuses_advances_no_clock() -> None:
    for at in ("9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"):
        event, clock = (
            item(f'{{"type": "{event_type}", "at": "{at}"}}') for event_type in ("web.visited", "clock.advanced")
        )
        assert isinstance(event, EventLine)
        assert event.at is None
        assert isinstance(clock, RefusedLine)


def test_clock_lines_and_definitions_are_distinguished() -> None:
    assert item('{"type": "clock.advanced", "at": "1970-01-01T00:00:01Z"}') == ClockLine(
        "events.jsonl:1", "default", 1000
    )
    applied = item('{"type": "definitions.applied", "account": "acme", "definitions": {"segments": []}}')
    assert applied == DefinitionsLine("events.jsonl:1", "acme", None, {"segments": []})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not a JSON object: it does not end on its line; each line is one event"),
        ("[1]", "not a JSON object but a list; each line is one event"),
        ("Id,City", "other files need --format csv or --format access-log"),
        ("192.0.2.1 - - [01/Mar/2026:09:30:00 +0000]", "other files need --format csv or --format access-log"),
        ('"id": "1",', "other files need --format csv or --format access-log"),
        ('{"type": "contact.changed", "contact": ' + "[" * 100_000, "not a JSON object: nested too deeply"),
        ('{"type": "contact.changed", "contact": ' + "1" * 5_000 + "}", "not a JSON object"),
        ('{"contact": "ann"}', "no `type`"),
        (
            '{"type": "contact.chnaged"}',
            "no topic takes events of type 'contact.chnaged' - did you mean contact.changed?",
        ),
        (
            '{"type": "score.changed"}',
            "'score.changed' - did you mean score.adjusted? The types are contact.changed, ",
        ),
        ('{"type": "definition.applied"}', "did you mean definitions.applied?"),
        ('{"type": "order.paid"}', "'order.paid'; the types are contact.changed, "),
        ('{"type": "clock.advanced"}', "needs `at`"),
        ('{"type": "contact.changed", "x": "' + "y" * 1_000_000 + '"}', "more than a record may have"),
    ],
)
def test_a_refused_line_says_why(text: str, reason: str) -> None:
    line = item(text)
    assert isinstance(line, RefusedLine)
    assert line.location == "events.jsonl:1"
    assert reason in line.reason


def test_gzipped_files_and_empty_lines_are_read_with_their_numbers(tmp_path: Path) -> None:
    plain, gzipped = tmp_path / "plain.jsonl", tmp_path / "gzipped"
    plain.write_bytes(b"\xef\xbb\xbfone\n\n  two\r\n")
    gzipped.write_bytes(gzip.compress(b"three\n"))
    assert read(str(plain), str(gzipped)) == [
        Line(f"{plain}:1", b"one"),
        Line(f"{plain}:3", b"two"),
        Line(f"{gzipped}:1", b"three"),
    ]
    assert total_size([str(plain), str(gzipped)]) == plain.stat().st_size + gzipped.stat().st_size


def test_progress_counts_over_all_files(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for path in paths:
        Path(path).write_bytes(b"x\n" * 50)
    calls: list[tuple[int, int]] = []
    progress = total_progress(paths, "reading", lambda _what, done, total: calls.append((done, total)))
    for done in (40, 100, 30, 100):
        progress(done)
    assert calls == [(40, 200), (100, 200), (130, 200), (200, 200)]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(b"one\ntwo"))

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert [line.text for line in read("-")] == [b"one", b"two"]
    assert total_size(["-"]) == 0


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(b"three\n" * 1000)[:-12])
    for path in (tmp_path / "missing.jsonl", tmp_path, broken):
        with pytest.raises(DataError, match=f"{path} cannot be read"):
            read(str(path))
