"""What the commands share: settings from options, one line of error, JSON for machines, progress bars."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from schemas.values import Slug
from streams.errors import UsageError
from streams.progress import ProgressCallback
from streams.settings import Settings

BootstrapOption = Annotated[
    str | None,
    typer.Option("--bootstrap", envvar="LEADSTREAM_BOOTSTRAP", help="Kafka's address, HOST:PORT[,HOST:PORT...]."),
]
PrefixOption = Annotated[
    str | None,
    typer.Option("--prefix", envvar="LEADSTREAM_PREFIX", help="Put before every topic name and group."),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="LEADSTREAM_DATA_DIR", help="Folder of the local broker's data and logs."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON for machines to standard output.")]


def settings_from(**options: Any) -> Settings:
    """The settings of this run: the environment, overridden by the options that were given (not None).

    Raises UsageError naming the first setting whose value makes no sense.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"setting {name}: {first['msg']}, got {first['input']!r}") from error


_account_adapter = TypeAdapter(Slug)


def parse_account(text: str) -> str:
    """An account as named on the command line. Raises UsageError for what cannot be one."""
    try:
        return _account_adapter.validate_python(text)
    except ValidationError as error:
        raise UsageError(f"--account: {text!r} is no account; letters, digits, - and _ make one") from error


def plural(number: int, noun: str) -> str:
    """A number of things for people: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def local_broker_folder(settings: Settings) -> Path:
    """Where the local broker of this deployment lives."""
    return settings.data_dir / "kafka"


def stderr_console(quiet: bool = False) -> Console:
    """The console for people: standard error, so that standard output stays what a machine reads."""
    return Console(stderr=True, quiet=quiet, highlight=False)


def write_line(text: str) -> None:
    """Writes one line of a command's result to standard output."""
    sys.stdout.write(text + "\n")


def write_json(value: Any) -> None:
    """Writes a command's result as one JSON document to standard output."""
    write_line(json.dumps(value, ensure_ascii=False, indent=2))


def silence_clients() -> None:
    """Silences the Kafka clients' own log lines: a command reports an error itself, once and in one line."""
    for name in ("aiokafka", "kafka", "faust", "mode"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[ProgressCallback]:
    """Yields a function that moves a progress bar on standard error; without a terminal nothing is drawn."""
    console = stderr_console(quiet)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def advance(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield advance
