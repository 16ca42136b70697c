"""What a command writes: lines and JSON on standard output, notes and progress bars on standard error.

Rich is imported by the functions that draw with it: most commands write plain lines, and start faster without it.
"""

from __future__ import annotations

import json
import logging
import os
import select
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from streams.progress import ProgressCallback, ignore_progress

if TYPE_CHECKING:
    from rich.console import Console


class ClosedOutput(Exception):
    """Nobody reads the output any more, as after `| head -1`: the command ends without a word.

    No OSError as Python's own: code that talks to a broker would take it for a broken connection.
    """

    exit_code = 141
    """What a shell shows for a program that a closed pipe ended."""


def plural(number: int, noun: str) -> str:
    """Returns a number of things as text for people: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def write_line(text: str) -> None:
    """Writes one line of a command's result to standard output. Raises ClosedOutput."""
    _write(sys.stdout, text + "\n")


def write_lines_now(lines: Iterable[str]) -> None:
    """Writes lines to standard output so that a reader has them at once. Raises ClosedOutput."""
    _write(sys.stdout, "".join(f"{line}\n" for line in lines))
    flush_output()


def flush_output() -> None:
    """Writes what standard output still holds back. Raises ClosedOutput."""
    try:
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ClosedOutput from error


def require_reader() -> None:
    """Raises ClosedOutput where standard output is a pipe that nobody reads any more; nothing is written."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):
        return  # no file of the system, as in a test
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
        raise ClosedOutput


def discard_output() -> None:
    """Sends what may still be written to standard output nowhere: Python's end would fail to write it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def write_json(value: Any) -> None:
    """Writes a command's result as one JSON document to standard output."""
    write_line(json.dumps(value, ensure_ascii=False, indent=2))


def write_columns(rows: Sequence[Sequence[str]]) -> None:
    """Writes rows as lines whose columns begin at the same place. Raises ClosedOutput."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        write_line("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def write_note(text: str) -> None:
    """Writes one line for people to standard error, as it is: neither wrapped nor marked up. Raises ClosedOutput."""
    _write(sys.stderr, text + "\n")


def ignore_note(_text: str) -> None:
    """Writes nothing, where `write_note` writes: the command was asked for JSON alone."""


def new_console(**options: Any) -> Console:
    """Returns a console of Rich that raises ClosedOutput; Rich's own ends the process with 1."""
    from rich.console import Console  # noqa: PLC0415 - see the module's docstring

    class PipeConsole(Console):
        def on_broken_pipe(self) -> NoReturn:
            raise ClosedOutput

    return PipeConsole(**options)


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[ProgressCallback]:
    """Yields a function that moves a progress bar on standard error; without a terminal nothing is drawn."""
    if quiet or not sys.stderr.isatty():
        yield ignore_progress
        return
    from rich.progress import (  # noqa: PLC0415 - see the module's docstring
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=new_console(stderr=True, highlight=False), transient=True) as bar:
        task = bar.add_task("", total=None)

        def advance(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield advance


def silence_clients() -> None:
    """Silences the Kafka clients' own log lines: a command reports an error itself, once and in one line."""
    for name in ("aiokafka", "kafka", "faust", "mode"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except BrokenPipeError as error:
        raise ClosedOutput from error
