"""What commands write: a closed pipe ends them quietly, and lines in a pipe are not wrapped."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.cli.console import ClosedOutput, progress_bar, require_reader, write_line, write_note
from streams.kafka.clients import broker_errors
from tests.harness.cli import start_leadstream

_START = "from streams.cli.main import run; run()"
EVENTS = 20_000
"""So many visits of people who enter a segment make more output than a pipe holds."""


class NobodyReads(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Definitions, and events of as many contacts that enter a segment."""
    definitions, events = tmp_path / "definitions.json", tmp_path / "events.jsonl"
    segment = {"id": "all", "dynamic": True, "when": {"all": []}}
    definitions.write_text(json.dumps({"segments": [segment]}))
    event = {"type": "contact.changed", "at": "2026-03-01T09:00:00Z", "properties": {}}
    events.write_text("".join(json.dumps({**event, "id": f"e{n}", "contact": f"c{n}"}) + "\n" for n in range(EVENTS)))
    return str(definitions), str(events)


def run_into_a_pipe_that_closes(*arguments: str) -> tuple[int, str, str]:
    """Returns the exit code, the first line and what was said of a command of whose output only a line is read."""
    with start_leadstream(*arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        return process.wait(60), first, said


def test_replay_into_head_ends_quietly(files: tuple[str, str]) -> None:
    definitions, events = files
    code, first, said = run_into_a_pipe_that_closes("replay", "--definitions", definitions, events)
    assert json.loads(first)["type"] == "segment.entered"
    assert (code, said) == (141, "")


def test_a_table_into_a_pipe_that_nobody_reads_ends_quietly() -> None:
    command = f"{sys.executable} -c '{_START}' settings | true; exit ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert run.returncode in (0, 141)
    assert run.stderr == ""


def test_a_closed_pipe_is_not_a_broker_that_went_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", NobodyReads())
    with pytest.raises(ClosedOutput), broker_errors("k:1"):
        write_line("a row")


def test_nobody_may_read_the_notes_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", NobodyReads())
    with pytest.raises(ClosedOutput):
        write_note("12 contacts")


def test_a_command_that_waits_sees_that_its_reader_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        require_reader()  # somebody reads
        os.close(reading)
        with pytest.raises(ClosedOutput):
            require_reader()


def test_what_is_no_pipe_always_has_a_reader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for output in (io.StringIO(), (tmp_path / "output").open("w")):
        monkeypatch.setattr(sys, "stdout", output)
        require_reader()
        output.close()


@pytest.mark.parametrize("columns", ["20", "80", None])
def test_a_note_is_one_line_however_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str | None
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    line = "12 found (10 active, 2 bounced) among 4000 contacts and the journal scanned, under release 12 " * 3
    write_note(line)
    assert capsys.readouterr().err == line + "\n"


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_progress_bar_is_drawn_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    for stream, is_drawn in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_bar() as advance:
            advance("scanning", 1, 2)
        assert ("scanning" in stream.getvalue()) is is_drawn
        with progress_bar(quiet=True) as advance:
            advance("counting", 1, 2)
        assert "counting" not in stream.getvalue()
