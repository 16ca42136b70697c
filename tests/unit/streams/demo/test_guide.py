"""The commands that the live view offers for another terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.demo.guide import LEGEND_LINES, CommandGuide, legend, program_name

GUIDE = CommandGuide("leadstream", {"LEADSTREAM_BOOTSTRAP": "127.0.0.1:38123", "LEADSTREAM_PREFIX": "demo-1-"})


def lines(width: int, contact: str | None = "c-0108", *, is_brief: bool = False) -> list[str]:
    return [line.plain for line in GUIDE.lines(width, contact, is_brief=is_brief)]


def test_commands_are_explained_where_there_is_room() -> None:
    assert lines(120) == [
        "export LEADSTREAM_BOOTSTRAP=127.0.0.1:38123",
        "export LEADSTREAM_PREFIX=demo-1-",
        "leadstream explain c-0108 engaged   why a contact is in a segment, or why not",
        "leadstream status                   broker, topics, workers, time, dead letters",
        "leadstream tail                     what changes, as it comes; Ctrl-C ends it",
    ]
    assert lines(60)[-1] == "leadstream tail"


def test_brief_commands_share_lines_that_can_be_pasted() -> None:
    assert lines(80, is_brief=True) == [
        "export LEADSTREAM_BOOTSTRAP=127.0.0.1:38123; export LEADSTREAM_PREFIX=demo-1-",
        "leadstream explain c-0108 engaged; leadstream status; leadstream tail",
    ]


def test_nobody_is_asked_about_before_anybody_is_known() -> None:
    assert not [line for line in lines(120, None) if "explain" in line]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_legend_is_whole_or_not_there(width: int) -> None:
    text = legend(width).plain
    assert len(text) <= width
    assert text == "" or text.endswith(("Salesforce", "members"))
    assert len(LEGEND_LINES) == 3


def test_leadstream_is_called_as_this_process_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(tmp_path / ".venv/bin/leadstream"), "demo"])
    assert program_name() == ".venv/bin/leadstream"
    monkeypatch.setattr("sys.argv", ["/opt/leadstream/bin/leadstream", "demo"])
    assert program_name() == "/opt/leadstream/bin/leadstream"
    monkeypatch.setattr("sys.argv", ["-c", "demo"])
    assert program_name() == "leadstream"
    (tmp_path / "leadstream").write_text("")
    (tmp_path / "leadstream").chmod(0o755)
    monkeypatch.setattr("sys.argv", ["/opt/leadstream/bin/leadstream", "demo"])
    assert program_name() == "leadstream"
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")
    assert program_name() == "uv run leadstream"
