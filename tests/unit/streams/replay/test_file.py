"""SPEC section 10, `replay`: the same engine over a file of events."""

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
    """Replays a file of lines."""

    def __init__(self, definitions: Any, *lines: dict[str, Any], until: str | None = None) -> None:
        self.refusals: list[str] = []
        self.events: list[dict[str, Any]] = []
        if isinstance(definitions, list):
            definitions = {"default": {"segments": definitions}}
        file_replay = FileReplay(definitions, DEFAULT_ENGINE_SETTINGS, self._add_output, self.refusals.append)
        file_lines = [Line(f"file:{number}", json.dumps(line).encode()) for number, line in enumerate(lines, 1)]
        file_replay.run(parse_json_lines(file_lines), instant_ms(until) if until else None)
        self.state = list(file_replay.state())
        self.report = file_replay.report

    def _add_output(self, output: Output) -> None:
        if output.topic in EVENT_TOPICS and output.value is not None:
            self.events.append(json.loads(output.value))

    def changes(self) -> list[tuple[str, str, str]]:
        """Returns (day and time, entered or exited, segment) of each change."""
        segment_events = [event for event in self.events if "segment" in event]
        return [(event["at"][5:16], event["type"].partition(".")[2], event["segment"]) for event in segment_events]


def test_the_end_is_the_largest_at_and_includes_that_instant() -> None:
    replay = ReplayRun([RECENT], visit("2026-01-01T00:00:00Z"), visit("2026-01-02T00:00:00Z", "bob"))
    assert replay.changes() == [
        ("01-01T00:00", "entered", "recent"),
        ("01-02T00:00", "entered", "recent"),
        ("01-02T00:00", "exited", "recent"),
    ]


def test_until_skips_later_lines_anywhere_and_fires_all_timers_up_to_it() -> None:
    lines = (visit("2026-01-05T00:00:00Z", "bob"), visit("2026-01-01T00:00:00Z"))
    assert ReplayRun([RECENT], *lines, until="2026-01-02T00:00:00Z").changes() == [
        ("01-01T00:00", "entered", "recent"),
        ("01-02T00:00", "exited", "recent"),
    ]
    replay = ReplayRun([RECENT], *lines, until="2026-01-01T23:59:59.999Z")
    assert replay.changes() == [("01-01T00:00", "entered", "recent")]
    assert replay.report.skipped_count == 1


def test_a_line_advances_the_clock_midway() -> None:
    clock = {"type": "clock.advanced", "at": "2026-01-03T00:00:00Z"}
    replay = ReplayRun([RECENT], visit("2026-01-01T00:00:00Z"), clock, visit("2026-01-02T12:00:00Z"))
    assert [event["cause"].get("late", False) for event in replay.events] == [False, False, True]
    assert replay.changes()[2] == ("01-03T00:00", "entered", "recent")


def test_a_line_changes_the_definitions_midway() -> None:
    release = {"type": "definitions.applied", "at": "2026-01-01T06:00:00Z", "definitions": {"segments": [ALL]}}
    replay = ReplayRun([RECENT], visit("2026-01-01T00:00:00Z"), release, visit("2026-01-01T07:00:00Z", "bob"))
    assert replay.changes() == [
        ("01-01T00:00", "entered", "recent"),
        ("01-01T06:00", "exited", "recent"),
        ("01-01T06:00", "entered", "all"),
        ("01-01T07:00", "entered", "all"),
    ]
    assert [event["cause"]["release"] for event in replay.events] == [1, 2, 2, 2]


def test_definitions_that_cannot_be_applied_are_refused_with_their_line() -> None:
    release = {"type": "definitions.applied", "definitions": {"segments": [{"id": "x", "dynamic": True}]}}
    with pytest.raises(DefinitionsRefused, match=r"file:1: segments"):
        ReplayRun([RECENT], release)


def test_a_line_with_a_lower_engine_version_is_refused_with_its_line() -> None:
    release = {"type": "definitions.applied", "definitions": {"engine_version": 3, "segments": [ALL]}}
    with pytest.raises(DefinitionsRefused, match=r"file:1: engine_version: engine version 3 is before 4"):
        ReplayRun([RECENT], release)


def test_a_file_may_say_that_the_oldest_engine_version_decides() -> None:
    leaf = {"property": "employees", "gte": 5}
    text: dict[str, Any] = {"id": "1", "type": "contact.changed", "at": "2026-01-01T00:00:00Z", "contact": "ann"}
    text["properties"] = {"employees": "9"}
    for version, changes in ((3, []), (4, ["big"])):
        big = {"engine_version": version, "segments": [{"id": "big", "dynamic": True, "when": leaf}]}
        replay = ReplayRun({"default": big}, {"type": "definitions.applied", "definitions": big}, text)
        assert [segment for _, _, segment in replay.changes()] == changes


def test_accounts_never_see_each_other() -> None:
    definitions = {"one": {"account": "one", "segments": [RECENT]}, "two": {"account": "two", "segments": [ALL]}}
    replay = ReplayRun(
        definitions,
        visit("2026-01-01T00:00:00Z", account="one"),
        visit("2026-01-01T00:00:00Z", account="two"),
        {"type": "clock.advanced", "account": "two", "at": "2026-01-09T00:00:00Z"},
    )
    assert [(event["account"], event["segment"]) for event in replay.events] == [("one", "recent"), ("two", "all")]


def test_a_refused_line_is_named_and_the_others_are_decided() -> None:
    without_at = {"id": "1", "type": "web.visited", "contact": "ann"}
    unknown_campaign = {
        "id": "2",
        "type": "lead.added",
        "at": "2026-01-01T00:00:00Z",
        "contact": "ann",
        "campaign": "none",
    }
    replay = ReplayRun([ALL], without_at, unknown_campaign, visit("2026-01-01T00:00:00Z"))
    assert [refusal.partition(" ")[0] for refusal in replay.refusals] == ["file:1:", "file:2:"]
    assert "no_at" in replay.refusals[0]
    assert "unknown_campaign" in replay.refusals[1]
    assert replay.report.refused_count == 2


def test_the_state_gives_points_as_decayed_to_the_end() -> None:
    campaign = {"id": "spring", "audience": ["all"], "half_life": "1d"}
    definitions = {"default": {"segments": [ALL], "campaigns": [campaign]}}
    lines = (
        visit("2026-01-01T00:00:00Z"),
        score("2026-01-01T00:00:00Z", 80),
        visit("2026-01-04T00:00:00Z", "bob"),
    )
    replay = ReplayRun(definitions, *lines)
    leads = {row["contact"]: row["points"] for row in replay.state if row["type"] == "lead"}
    assert leads == {"ann": 10, "bob": 0}
    assert [row["segment"] for row in replay.state if row["type"] == "segment.member"] == ["all", "all"]


def test_the_command_writes_json_lines_and_refusals_to_standard_error(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text("segments:\n  - {id: all, dynamic: true, when: {all: []}}\n")
    (tmp_path / "e.jsonl").write_text(json.dumps(visit("2026-01-01T00:00:00Z")) + "\nnot json\n")
    result = leadstream("replay", "--definitions", str(tmp_path / "d.yaml"), str(tmp_path / "e.jsonl"))
    assert result.returncode == 65
    assert [json.loads(line)["type"] for line in result.stdout.splitlines()] == ["segment.entered"]
    assert "e.jsonl:2" in result.stderr


def test_an_event_that_is_no_event_ends_the_command_with_65_and_one_that_changes_nothing_does_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "d.yaml").write_text("campaigns: [{id: spring}]\n")
    arguments = ("replay", "--definitions", str(tmp_path / "d.yaml"), str(tmp_path / "e.jsonl"))
    command = {"id": "1", "type": "lead.qualified", "contact": "ann", "at": "2026-01-01T00:00:00Z"}
    for fields, exit_code in (({"campaign": "spring"}, 0), ({}, 65)):
        (tmp_path / "e.jsonl").write_text(json.dumps(command | fields))
        result = leadstream(*arguments)
        assert (result.returncode, "1 refused" in result.stderr) == (exit_code, True)


def test_without_definitions_the_command_says_that_nothing_can_be_decided(tmp_path: Path) -> None:
    file = tmp_path / "e.jsonl"
    file.write_text(json.dumps(visit("2026-01-01T00:00:00Z")))
    result = leadstream("replay", str(file))
    assert (result.returncode, result.stdout) == (0, "")
    assert "account default has no definitions, so nothing can be decided for it; give --definitions" in result.stderr
    applied = {"type": "definitions.applied", "at": "2026-01-02T00:00:00Z", "definitions": {"segments": [ALL]}}
    file.write_text(json.dumps(visit("2026-01-01T00:00:00Z")) + "\n" + json.dumps(applied))
    result = leadstream("replay", str(file))
    assert (result.returncode, result.stderr) == (0, "")


def test_the_command_refuses_what_makes_no_sense(tmp_path: Path) -> None:
    assert leadstream("replay").returncode == 64
    result = leadstream("replay", "--journal", "file.jsonl")
    assert (result.returncode, result.stderr.count("\n")) == (64, 1)
    result = leadstream("replay", str(tmp_path / "nowhere.jsonl"))
    assert (result.returncode, result.stderr.count("\n")) == (65, 1)
