"""A dry run shows the first events and what would be refused, and sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.values import instant_ms
from streams.errors import DataError
from streams.publish.dry_run import MAX_SHOWN_EVENTS, try_lines
from streams.publish.lines import Line, ParsedLine, parse_json_lines


def lines(*values: dict[str, Any] | str) -> Iterator[ParsedLine]:
    texts = (value if isinstance(value, str) else json.dumps(value) for value in values)
    return parse_json_lines(Line(f"file:{number}", text.encode()) for number, text in enumerate(texts, 1))


def event(day: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(day),
        "type": "contact.changed",
        "contact": "ada",
        "at": f"2026-03-{day:02}T00:00:00Z",
        **fields,
    }


def test_the_first_events_are_shown_and_all_are_counted() -> None:
    run = try_lines(lines(*(event(day) for day in range(1, 20))), instant_ms("2026-03-10T00:00:00Z"))
    assert run.first_events == [event(day) for day in range(1, MAX_SHOWN_EVENTS + 1)]
    assert (run.report.event_count, run.report.skipped_count) == (10, 9)


def test_what_publishing_or_a_worker_would_refuse_is_named() -> None:
    run = try_lines(lines("{", event(1), event(2, contact=7), event(3, status="away")))
    assert run.report.event_count == 1
    assert [line.location for line in run.report.refused_lines] == ["file:1", "file:3", "file:4"]
    assert run.report.refused_lines[1].reason.startswith("a worker would refuse it: contact: ")


@pytest.mark.parametrize(("size", "is_refused"), [(200_000 - 11, False), (200_000 - 10, True), (300_000, True)])
def test_properties_that_no_contact_can_hold_are_told(size: int, is_refused: bool) -> None:
    run = try_lines(lines(event(1, properties={"city": "x" * size}), event(2, note="x" * 250_000)))
    assert run.report.event_count == 2 - is_refused
    reasons = [line.reason.partition(" take ")[0] for line in run.report.refused_lines]
    assert reasons == ["a worker would refuse it: its properties"] * is_refused


def test_a_file_that_cannot_be_read_further_is_told_beside_what_was_read() -> None:
    def broken() -> Iterator[ParsedLine]:
        yield from lines(event(1))
        raise DataError("the file ends")

    run = try_lines(broken())
    assert (run.report.event_count, str(run.report.read_error)) == (1, "the file ends")
