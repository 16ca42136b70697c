"""With the same engine settings every caller of the engine gives the same outputs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.app import pipeline_spec
from streams.engine.journal import records
from streams.engine.journal.effects import Append, Budget, Output, SourceRecord
from streams.engine.journal.validate import EventValidator
from streams.engine.state.memory_rows import MemoryRows
from streams.explain.answer import Question, explain_from_journal
from streams.explain.contact_records import ContactRecords
from streams.explain.timeline import EngineParameters
from streams.publish.lines import EventLine, Line, parse_json_lines
from streams.replay.file import EVENT_TOPICS, FileReplay
from streams.runtime.protocols import Decider
from streams.settings import Settings
from tests.harness.cli import leadstream

DEFINITIONS: dict[str, Any] = {
    "segments": [
        {"id": "began-on-a", "dynamic": True, "when": {"visit": {}, "first": {"path": {"eq": "/a"}}}},
        {"id": "twice", "dynamic": True, "when": {"visit": {"path": {"eq": "/b"}}, "count": {"gte": 2}}},
    ]
}


def visit(hour: int, page: str, id_: str | None = None) -> dict[str, Any]:
    at = f"2026-01-01T{hour:02}:00:00Z"
    return {"id": id_ or at, "type": "web.visited", "at": at, "contact": "ann", "url": f"https://example.com{page}"}


LATE = [visit(12, "/b"), visit(9, "/a")]
REPEAT = [visit(9, "/b", "x"), visit(11, "/c"), visit(12, "/b", "x")]
REPEAT_AFTER_OTHERS = [visit(9, "/b", "x"), visit(10, "/c"), visit(11, "/c"), visit(12, "/b", "x")]


def file_lines(events: list[dict[str, Any]]) -> list[Line]:
    return [Line(f"file:{number}", json.dumps(event).encode()) for number, event in enumerate(events, 1)]


def changes(outputs: list[Output]) -> list[tuple[str, str]]:
    """Returns entered or exited, and the segment, of each output."""
    bodies = [json.loads(output.value) for output in outputs if output.topic in EVENT_TOPICS and output.value]
    return [(body["type"].partition(".")[2], body["segment"]) for body in bodies]


def replay_file(events: list[dict[str, Any]], settings: Settings) -> list[tuple[str, str]]:
    outputs: list[Output] = []
    refusals: list[str] = []
    replay = FileReplay({"default": DEFINITIONS}, settings.engine, outputs.append, refusals.append)
    replay.run(parse_json_lines(file_lines(events)))
    assert refusals == []
    return changes(outputs)


def journal_entries(events: list[dict[str, Any]], marker: records.Marker) -> Iterator[Append]:
    yield Append(records.MARKER_KEY, records.encode(marker))
    for number, item in enumerate(parse_json_lines(file_lines(events))):
        assert isinstance(item, EventLine)
        event = item.event
        source = SourceRecord(event.topic, 0, number, None, event.key, event.value, (), 0)
        (append,) = EventValidator("events")(source)
        assert isinstance(append, Append)
        yield append


def decide(decider: Decider, entries: list[Append]) -> list[tuple[str, str]]:
    outputs: list[Output] = []
    decider.resume(None)
    for offset, entry in enumerate(entries):
        decider.feed(offset, entry.key, entry.value)
        while decider.has_pending():
            outputs += decider.work(Budget(records=1_000, bytes=1 << 30)).outputs
    return changes(outputs)


@pytest.mark.parametrize(
    ("events", "options", "expected"),
    [
        (LATE, {}, [("entered", "began-on-a")]),
        (LATE, {"lateness_ms": 3_600_000}, []),
        (REPEAT, {}, []),
        (REPEAT, {"repeat_ms": 3_600_000}, [("entered", "twice")]),
        (REPEAT_AFTER_OTHERS, {}, []),
        (REPEAT_AFTER_OTHERS, {"repeat_ids": 2}, [("entered", "twice")]),
    ],
)
def test_a_file_a_worker_and_explain_decide_by_the_same_settings(
    events: list[dict[str, Any]], options: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    settings = Settings(clock="events", **options)
    assert replay_file(events, settings) == expected

    spec = pipeline_spec(settings)
    release = {"type": "definitions.applied", "account": "default", "definitions": DEFINITIONS, "based_on": 0}
    assert spec.releases is not None
    releases: Any = spec.releases()
    marker = releases.add(0, 0, b"default", json.dumps(release).encode())
    entries = list(journal_entries(events, marker))
    assert decide(spec.decider(settings, 0, MemoryRows()), entries) == expected

    contact_records = ContactRecords("default", "ann")
    for entry in entries:
        contact_records.feed(entry.value)
    parameters = EngineParameters(releases.definitions, settings.engine)
    for segment in ("began-on-a", "twice"):
        answer = explain_from_journal(Question("default", "ann", segment), contact_records.records, None, parameters)
        assert answer["member"] is (("entered", segment) in expected)


def test_the_command_decides_a_file_by_the_settings_of_its_environment(tmp_path: Path) -> None:
    definitions, events = tmp_path / "definitions.json", tmp_path / "events.jsonl"
    definitions.write_text(json.dumps(DEFINITIONS))
    events.write_text("\n".join(json.dumps(event) for event in [*LATE, *REPEAT]) + "\n")
    command = ("replay", "--state", "--definitions", str(definitions), str(events))
    environment = {"LEADSTREAM_LATENESS_MS": "3600000", "LEADSTREAM_REPEAT_MS": "3600000"}

    def members(env: dict[str, str]) -> set[str]:
        result = leadstream(*command, env=env)
        assert result.returncode == 0, result.stderr
        return {json.loads(line)["segment"] for line in result.stdout.splitlines()}

    assert members({}) == {"began-on-a", "twice"}
    assert members(environment) == {"twice"}
