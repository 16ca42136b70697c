"""The README is correct: its commands exist, and its definitions and event do what it says."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from tests.harness.cli import leadstream
from tests.harness.project_files import PROJECT_ROOT

WALK = PROJECT_ROOT / "docs" / "walk"
README = (PROJECT_ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Returns the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Returns every command line of the console blocks."""
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def test_two_commands_do_all_the_set_up() -> None:
    assert commands()[:2] == ["uv run leadstream demo", "uv run pytest"]
    assert all(line.startswith("uv run ") for line in commands())


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("uv run leadstream ")])
def test_every_command_shown_exists_with_its_options(line: str) -> None:
    words = [word for word in shlex.split(line)[3:] if not word.endswith((".yaml", ".jsonl"))]
    options = [word for word in words if word.startswith("--")]
    help_result = leadstream(*(word for word in words if not word.startswith("--")), "--help")
    assert help_result.returncode == 0, help_result.stderr
    assert [option for option in options if option not in help_result.stdout] == []


def test_every_command_of_the_table_exists() -> None:
    help_text = leadstream("--help").stdout
    rows = re.findall(r"^\| ((?:`[\w ]+`(?:, )?)+) \|", README, re.MULTILINE)
    names = {row.split("`")[1].split()[0] for row in rows}
    assert names >= {"demo", "worker", "definitions", "replay"}
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", help_text)] == []


def test_the_files_of_the_walk_are_those_that_the_readme_shows() -> None:
    (definitions,) = blocks("yaml")
    (event,) = blocks("json")
    assert definitions == (WALK / "definitions.yaml").read_text()
    assert event in (WALK / "events.jsonl").read_text()


def test_the_events_of_the_walk_make_members_and_qualified_leads() -> None:
    definitions, events = str(WALK / "definitions.yaml"), str(WALK / "events.jsonl")
    replayed = leadstream("replay", "--state", "--definitions", definitions, events)
    assert (replayed.returncode, replayed.stderr) == (0, "")
    state = [json.loads(line) for line in replayed.stdout.splitlines()]
    assert {row["contact"] for row in state if row["type"] == "segment.member"} == {"ada", "dan", "fay"}
    assert {(row["contact"], row["status"]) for row in state if row["type"] == "lead"} == {
        ("ada", "qualified"),
        ("dan", "qualified"),
        ("eve", "active"),
        ("fay", "active"),
    }
    changes = leadstream("replay", "--definitions", definitions, events).stdout
    assert changes.count('"segment.exited"') == 1  # time alone takes eve out of the segment


def test_publishing_the_walk_warns_of_nothing() -> None:
    dry = leadstream("publish", "--dry-run", str(WALK / "events.jsonl"))
    assert (dry.returncode, dry.stderr) == (0, "")
