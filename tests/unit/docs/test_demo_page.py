"""The page about the demo names the options and the commands that there are."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.main import get_command

from streams import errors
from streams.cli.commands import build_command_line, load_command
from streams.demo.guide import EXAMPLE_CONTACT, EXAMPLE_SEGMENT
from streams.demo.sample import sample_definitions
from tests.harness.project_files import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "demo.md").read_text()
COMMANDS = [shlex.split(line)[1:] for line in re.findall(r"^\$ (leadstream .*)$", PAGE, re.MULTILINE)]


def test_the_table_has_every_option() -> None:
    table = re.findall(r"^\| `(--[a-z]+)", PAGE, re.MULTILINE)
    options = {name for parameter in load_command("demo", "demo:demo").params for name in parameter.opts}
    assert {*table, "--prefix"} == options - {"--help"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_commands_can_be_typed(words: list[str]) -> None:
    command = get_command(build_command_line("leadstream"))
    with command.make_context("leadstream", list(words)) as context:
        name, found, rest = command.resolve_command(context, list(words))  # type: ignore[attr-defined]
        assert found is not None
        if hasattr(found, "resolve_command"):
            with found.make_context(name, list(rest), parent=context) as group:
                name, found, rest = found.resolve_command(group, list(rest))
        found.make_context(name, list(rest), parent=context).close()


def test_the_example_is_one_of_the_sample_definitions_and_on_the_page() -> None:
    assert EXAMPLE_SEGMENT in [segment.id for segment in sample_definitions().segments]
    assert f"leadstream explain {EXAMPLE_CONTACT} {EXAMPLE_SEGMENT}" in PAGE
    assert len(COMMANDS) == 8


def test_the_exit_codes_are_those_of_the_errors() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    classes = (errors.UsageError, errors.RepositoryUnavailable, errors.Internal, errors.LocalBrokerError)
    assert codes == {0, 130} | {each.exit_code for each in classes}
