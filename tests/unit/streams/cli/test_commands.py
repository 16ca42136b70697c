"""The list of commands and the commands' own help say the same."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import pytest

from streams.cli.commands import COMMANDS, CommandEntry, CommandGroup, load_command


def all_commands(commands: Mapping[str, CommandEntry | CommandGroup] = COMMANDS) -> list[tuple[str, CommandEntry]]:
    """Returns every command with its name, including those of groups."""
    single = [(name, entry) for name, entry in commands.items() if isinstance(entry, CommandEntry)]
    groups = [group for group in commands.values() if isinstance(group, CommandGroup)]
    return [*single, *(command for group in groups for command in all_commands(group.commands))]


def test_there_are_commands_and_groups() -> None:
    assert len(all_commands()) > len(COMMANDS)


@pytest.mark.parametrize(("name", "entry"), all_commands(), ids=lambda value: getattr(value, "target", ""))
def test_a_line_of_the_list_is_the_beginning_of_the_commands_help(name: str, entry: CommandEntry) -> None:
    command = load_command(name, entry.target)
    assert command.name == name
    first_paragraph = inspect.cleandoc(command.help).partition("\n\n")[0]
    assert " ".join(first_paragraph.split()) == entry.help
