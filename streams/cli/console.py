"""What a command writes: lines and JSON on standard output, notes and progress bars on standard error.

Rich is imported by the functions that draw with it: most commands write plain lines, and start faster without it.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from streams.progress import ProgressCallback


def plural(number: int, noun: str) -> str:
    """Returns a number of things as text for people: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def write_line(text: str) -> None:
    """Writes one line of a command's result to standard output."""
    sys.stdout.write(text + "\n")


def write_json(value: Any) -> None:
    """Writes a command's result as one JSON document to standard output."""
    write_line(json.dumps(value, ensure_ascii=False, indent=2))


def write_note(text: str) -> None:
    """Writes one line for people to standard error, as it is: neither wrapped nor marked up."""
    sys.stderr.write(text + "\n")


def stderr_console(quiet: bool = False) -> Console:
    """Returns a console on standard error, so that standard output holds only what a machine reads."""
    from rich.console import Console  # noqa: PLC0415 - see the module's docstring

    return Console(stderr=True, quiet=quiet, highlight=False)


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[ProgressCallback]:
    """Yields a function that moves a progress bar on standard error; without a terminal nothing is drawn."""
    if quiet:
        yield _ignore_progress
        return
    from rich.progress import (  # noqa: PLC0415 - see the module's docstring
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    console = stderr_console()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def advance(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield advance


def silence_clients() -> None:
    """Silences the Kafka clients' own log lines: a command reports an error itself, once and in one line."""
    for name in ("aiokafka", "kafka", "faust", "mode"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _ignore_progress(_what: str, _done: int, _total: int) -> None:
    """Draws nothing: the command was asked to be quiet."""
