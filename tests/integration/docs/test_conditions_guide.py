"""The commands in the guide to conditions print what the guide shows."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.harness.cli import leadstream
from tests.harness.docs.guide import GUIDE, Block, blocks

BLOCKS = blocks(GUIDE.read_text())
CONSOLES = [block for block in BLOCKS if block.kind == "console"]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Creates a folder with the files of the guide, and makes it the working directory."""
    for block in BLOCKS:
        if block.name is not None:
            (tmp_path / block.name).write_text(block.text)
    (events,) = (block for block in BLOCKS if block.kind == "json events")
    (tmp_path / "events.jsonl").write_text(events.text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("block", CONSOLES, ids=lambda block: f"line {block.line}")
def test_a_command_prints_what_the_guide_shows(block: Block, files: Path) -> None:
    command, *expected = block.text.splitlines()
    program, *arguments = shlex.split(command.removeprefix("$ "))
    assert program == "leadstream"
    ran = leadstream(*arguments)
    assert (ran.stdout + ran.stderr).splitlines() == expected
    assert ran.returncode == any(line.startswith(f"{block.name}:") for block in BLOCKS for line in expected)


def test_the_guide_shows_commands() -> None:
    assert len(CONSOLES) >= 3


def test_the_other_commands_of_the_text_exist() -> None:
    for name in ("search", "explain"):
        assert f"`leadstream {name} " in GUIDE.read_text()
        assert leadstream(name, "--help").returncode == 0
