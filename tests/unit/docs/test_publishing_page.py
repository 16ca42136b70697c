"""The page about publishing is correct: its lines of access logs are read as it says, its commands are accepted."""

from __future__ import annotations

import re
import shlex
from typing import get_args

import pytest
import typer
from typer.main import get_command

from streams.cli.log_options import LogOptions
from streams.cli.publish import publish
from streams.publish.access_log.parser import AccessLogParser
from streams.publish.access_log.roles import FieldRole
from tests.harness.project_files import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "publishing.md").read_text()
COMMANDS = re.findall(r"^\$ (.*--format access-log.*)$", PAGE, re.MULTILINE)


def blocks(language: str) -> list[str]:
    """Returns the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[str, str]]:
    """Returns each line of a log with what the page says of it."""
    lines = blocks("text access-log")[0].splitlines()
    pairs = list(zip(lines[::2], lines[1::2], strict=True))
    assert all(outcome.startswith("-> ") for _, outcome in pairs)
    return [(line, outcome.removeprefix("-> ")) for line, outcome in pairs]


def outcome_of(line: str) -> str:
    """Returns what becomes of a line, in the page's words."""
    try:
        event = AccessLogParser().parse_visit(line)
    except ValueError as error:
        return f"refused: {error}"
    return f"{event['contact']} visits {event['url']}"


@pytest.mark.parametrize(("line", "outcome"), examples())
def test_a_line_of_an_access_log_becomes_what_the_page_says(line: str, outcome: str) -> None:
    assert outcome_of(line).startswith(outcome)
    assert outcome_of(line) == outcome or outcome.startswith("refused: ")


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_has_the_options_that_the_page_shows(line: str) -> None:
    words = shlex.split(line.rpartition("| ")[2])
    assert words[:2] == ["leadstream", "publish"]
    app = typer.Typer()
    app.command()(publish)
    context = get_command(app).make_context("publish", words[2:])
    options = LogOptions(*(context.params[name] for name in ("log_format", "client_field", "log_field")))
    assert isinstance(options.parser("contact", "default"), AccessLogParser)


def test_every_role_of_a_field_is_named() -> None:
    sentence = PAGE[PAGE.index("`--log-field ROLE=FIELD`") :].partition("```")[0]
    named = set(re.findall(r"`([a-z]+)`", sentence))
    assert named == set(get_args(FieldRole)) - {"client"}
