"""What the live view says about itself: commands to try in another terminal, and a legend. Pure."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

EXAMPLE_CONTACT = "c-0108"
EXAMPLE_SEGMENT = "engaged"
_LEGENDS = (
    "entered, left: how often so far   sent: handed over to Salesforce   CRM: arrived there   over time: members",
    "entered, left: how often   sent: handed over   CRM: arrived in Salesforce",
    "sent: handed over   CRM: arrived in Salesforce",
)
LEGEND_LINES = ("entered, left: how often", "sent: handed over", "CRM: in Salesforce")
"""The same, for a place beside a table."""


@dataclass(frozen=True)
class CommandGuide:
    """How commands of another terminal reach the demo: how `leadstream` is called there, and its settings."""

    program: str
    settings: Mapping[str, str]

    def lines(self, width: int, contact: str | None, *, is_brief: bool) -> list[Text]:
        """Returns the commands to type, with explanations; brief ones have none, and share a line if they fit."""
        exports = [f"export {name}={shlex.quote(value)}" for name, value in self.settings.items() if value]
        commands = {
            f"{self.program} explain {contact} {EXAMPLE_SEGMENT}": "why a contact is in a segment, or why not",
            f"{self.program} status": "broker, topics, workers, time, dead letters",
            f"{self.program} tail": "what changes, as it comes; Ctrl-C ends it",
        }
        if contact is None:  # nobody is known yet
            commands.pop(next(iter(commands)))
        if is_brief:
            return [_command_text(line) for line in _join([*exports, *commands], width)]
        column = max(map(len, commands)) + 3
        return [
            *(_command_text(text) for text in exports),
            *(
                Text.assemble(_command_text(command), (f"{'':{column - len(command)}}{meaning}", "dim"))
                if column + len(meaning) <= width
                else _command_text(command)
                for command, meaning in commands.items()
            ),
        ]


def legend(width: int) -> Text:
    """Returns the meaning of the headers in one line, as long as `width` allows."""
    return Text(next((text for text in _LEGENDS if len(text) <= width), ""), style="dim")


def program_name() -> str:
    """Returns how to call `leadstream` in another terminal of the same folder: as this process was called."""
    if "UV_RUN_RECURSION_DEPTH" in os.environ:
        return "uv run leadstream"
    if shutil.which("leadstream"):
        return "leadstream"
    path = Path(sys.argv[0]).absolute()
    if path.name != "leadstream":
        return "leadstream"
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def _command_text(text: str) -> Text:
    return Text(text, style="bold", no_wrap=True)


def _join(commands: list[str], width: int) -> list[str]:
    """Puts as many commands on a line as fit; `;` stands between them, so that a line can be pasted as it is."""
    lines: list[str] = []
    for command in commands:
        if lines and len(lines[-1]) + 2 + len(command) <= width:
            lines[-1] += f"; {command}"
        else:
            lines.append(command)
    return lines
