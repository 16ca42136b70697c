"""SPEC section 10, `replay`: the very same engine over a file of events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.values import instant_ms
from streams.engine.journal.effects import Output
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.errors import DefinitionsRefused
from streams.publish.lines import Line, parse_json_lines
from streams.replay.file import EVENT_TOPICS, FileReplay
from tests.harness.cli import leadstream

RECENT: dict[str, Any] = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "1d"}}
ALL: dict[str, Any] = {"id": "all", "dynamic": True, "when": {"all": []}}


def visit(at: str, contact: str = "ann", **fields: Any) -> dict[str, Any]:
    return {"id": f"{contact} {at}", "type": "web.visited", "at": at, "contact": contact, **fields}


def score(at: str, points: float) -> dict[str, Any]:
    return {"id": f"score {at}", "type": "score.adjusted", "at": at, "contact": "ann", "points": points}


class ReplayRun:
    """A file of lines, replayed."""

    def __init__(self, definitions: Any, *lines: dict[str, Any], until: str | None = None) -> None:
        self.complaints: list[str] = []
        self.events: list[dict[str, Any]] = []
        if isinstance(definitions, list):
            definitions = {"default": {"segments": definitions}}
        run = FileReplay(definitions, DEFAULT_ENGINE_SETTINGS, self._hear, self.complaints.append)
        numbered = [Line(f"file:{number}", json.dumps(line).encode()) for number, line in enumerate(lines, 1)]
        run.run(parse_json_lines(numbered), instant_ms(until) if until else None)
        self.state = list(run.state())
        self.report = run.report

    def _hear(self, output: Output) -> None:
        if output.topic in EVENT_TOPICS and output.value is not None:
            self.events.append(json.loads(output.value))

    def changes(self) -> list[tuple[str, str, str]]:
        """(day and time, what, segment)."""
        told = [event for event in self.events if "segment" in event]
        return [(event["at"][5:16], event["type"].partition(".")[2], event["segment"]) for event in told]


def test_time_is_told_once_at_the_end_by_the_largest_at_that_instant_included() -> None:
    found = ReplayRun([RECENT], visit("2026-01-01T00:00:00Z"), visit("2026-01-02T00:00:00Z", "bob"))
    assert found.changes() == [
        ("01-01T00:00", "entered", "recent"),
        ("01-02T00:00", "entered", "recent"),
        ("01-02T00:00", "exited", "recent"),
    ]


def test_until_passes_over_later_lines_wherever_they_stand_and_everything_due_up_to_it_happens() -> None:
    lines = (visit("2026-01-05T00:00:00Z", "bob"), visit("2026-01-01T00:00:00Z"))
    assert ReplayRun([RECENT], *lines, until="2026-01-02T00:00:00Z").changes() == [
        ("01-01T00:00", "entered", "recent"),
        ("01-02T00:00", "exited", "recent"),
    ]
    found = ReplayRun([RECENT], *lines, until="2026-01-01T23:59:59.999Z")
    assert found.changes() == [("01-01T00:00", "entered", "recent")]
    assert found.report.skipped_count == 1


def test_a_line_tells_the_time_midway() -> None:
    clock = {"type": "clock.advanced", "at": "2026-01-03T00:00:00Z"}
    found = ReplayRun([RECENT], visit("2026-01-01T00:00:00Z"), clock, visit("2026-01-02T12:00:00Z"))
    assert [event["cause"].get("late", False) for event in found.events] == [False, False, True]
    assert found.changes()[2] == ("01-03T00:00", "entered", "recent")


def test_a_line_changes_the_definitions_midway() -> None:
    applied = {"type": "definitions.applied", "at": "2026-01-01T06:00:00Z", "definitions": {"segments": [ALL]}}
    found = ReplayRun([RECENT], visit("2026-01-01T00:00:00Z"), applied, visit("2026-01-01T07:00:00Z", "bob"))
    assert found.changes() == [
        ("01-01T00:00", "entered", "recent"),
        ("01-01T06:00", "exited", "recent"),
        ("01-01T06:00", "entered", "all"),
        ("01-01T07:00", "entered", "all"),
    ]
    assert [event["cause"]["release"] for event in found.events] == [1, 2, 2, 2]


def test_definitions_that_cannot_be_applied_are_refused_with_their_line() -> None:
    applied = {"type": "definitions.applied", "definitions": {"segments": [{"id": "x", "dynamic": True}]}}
    with pytest.raises(DefinitionsRefused, match=r"file:1: segments"):
        ReplayRun([RECENT], applied)


def test_accounts_never_see_each_other() -> None:
    definitions = {"one": {"account": "one", "segments": [RECENT]}, "two": {"account": "two", "segments": [ALL]}}
    found = ReplayRun(
        definitions,
        visit("2026-01-01T00:00:00Z", account="one"),
        visit("2026-01-01T00:00:00Z", account="two"),
        {"type": "clock.advanced", "account": "two", "at": "2026-01-09T00:00:00Z"},
    )
    assert [(event["account"], event["segment"]) for event in found.events] == [("one", "recent"), ("two", "all")]


def test_what_is_refused_is_said_with_its_line_and_the_rest_flows_on() -> None:
    broken = {"id": "1", "type": "web.visited", "contact": "ann"}
    unknown = {"id": "2", "type": "lead.added", "at": "2026-01-01T00:00:00Z", "contact": "ann", "campaign": "none"}
    found = ReplayRun([ALL], broken, unknown, visit("2026-01-01T00:00:00Z"))
    assert [complaint.partition(" ")[0] for complaint in found.complaints] == ["file:1:", "file:2:"]
    assert "no_at" in found.complaints[0]
    assert "unknown_campaign" in found.complaints[1]
    assert found.report.refused_count == 2


def test_the_state_gives_points_as_decayed_to_the_end() -> None:
    campaign = {"id": "spring", "audience": ["all"], "half_life": "1d"}
    definitions = {"default": {"segments": [ALL], "campaigns": [campaign]}}
    lines = (
        visit("2026-01-01T00:00:00Z"),
        score("2026-01-01T00:00:00Z", 80),
        visit("2026-01-04T00:00:00Z", "bob"),
    )
    found = ReplayRun(definitions, *lines)
    leads = {row["contact"]: row["points"] for row in found.state if row["type"] == "lead"}
    assert leads == {"ann": 10, "bob": 0}
    assert [row["segment"] for row in found.state if row["type"] == "segment.member"] == ["all", "all"]


def test_the_command_writes_json_lines_and_complains_on_standard_error(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text("segments:\n  - {id: all, dynamic: true, when: {all: []}}\n")
    (tmp_path / "e.jsonl").write_text(json.dumps(visit("2026-01-01T00:00:00Z")) + "\nnot json\n")
    done = leadstream("replay", "--definitions", str(tmp_path / "d.yaml"), str(tmp_path / "e.jsonl"))
    assert done.returncode == 0
    assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == ["segment.entered"]
    assert "e.jsonl:2" in done.stderr


def test_the_command_refuses_what_makes_no_sense(tmp_path: Path) -> None:
    assert leadstream("replay").returncode == 64
    done = leadstream("replay", "--journal", "file.jsonl")
    assert (done.returncode, done.stderr.count("\n")) == (64, 1)
    done = leadstream("replay", str(tmp_path / "nowhere.jsonl"))
    assert (done.returncode, done.stderr.count("\n")) == (65, 1)
