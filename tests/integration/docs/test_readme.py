"""The README is correct: its commands exist, and its definitions and event do what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.harness.cli import leadstream
from tests.harness.project_files import PROJECT_ROOT

README = (PROJECT_ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Returns the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Returns every command line of the console blocks, without comments."""
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line.removeprefix("$ ").partition("#")[0].strip() for line in lines]


def test_two_commands_do_all_the_set_up() -> None:
    assert [line for line in commands() if line.startswith("uv ")] == ["uv run leadstream demo", "uv run pytest"]


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("leadstream ")])
def test_every_command_shown_exists_with_its_options(line: str) -> None:
    words = [word for word in line.split()[1:] if not word.endswith((".yaml", ".jsonl"))]
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


def test_the_definitions_and_the_event_make_the_contact_a_qualified_lead(tmp_path: Path) -> None:
    definitions, events = tmp_path / "definitions.yaml", tmp_path / "events.jsonl"
    definitions.write_text(blocks("yaml")[0])
    visit = json.loads(blocks("json")[0])
    profile = {"country": "DE", "employees": 80}
    lines = [{"id": "c-1", "type": "contact.changed", "at": "2026-03-01T09:00:00Z", "contact": visit["contact"]}]
    lines[0]["properties"] = profile
    lines += [visit | {"id": f"v-{hour}", "at": f"2026-03-02T{hour:02}:00:00Z"} for hour in range(9, 14)]
    events.write_text("\n".join(json.dumps(line) for line in lines))

    checked = leadstream("definitions", "check", str(definitions))
    replayed = leadstream("replay", "--state", "--definitions", str(definitions), str(events))

    assert (checked.returncode, replayed.returncode) == (0, 0), checked.stderr + replayed.stderr
    state = [json.loads(line) for line in replayed.stdout.splitlines()]
    assert {(row.get("segment"), row.get("campaign"), row.get("status")) for row in state} == {
        ("hot-emea", None, None),
        (None, "spring-trial", "qualified"),
    }
