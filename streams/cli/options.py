"""Options that several commands share, and how their values become settings, instants and accounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from schemas.events.base import check_calendar_range
from schemas.values import Slug, instant_ms
from streams.cli.console import write_note
from streams.errors import UsageError

if TYPE_CHECKING:
    from streams.settings import Settings

BootstrapOption = Annotated[
    str | None,
    typer.Option("--bootstrap", help="Kafka's address, HOST:PORT[,HOST:PORT...] (LEADSTREAM_BOOTSTRAP)."),
]
PrefixOption = Annotated[
    str | None,
    typer.Option("--prefix", help="Put before every topic name and group (LEADSTREAM_PREFIX)."),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the local broker's data and logs (LEADSTREAM_DATA_DIR)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON for machines to standard output.")]


def settings_from(**options: Any) -> Settings:
    """Returns the settings of this run: the environment, overridden by the options that are not None.

    Variables that are no settings are named on standard error. Raises UsageError for an option, ConfigurationError
    for a variable that cannot be used.
    """
    from streams.environment import (  # noqa: PLC0415 - slow to import, and some commands need no settings
        load_settings,
        unknown_variables,
    )

    settings = load_settings(**options)
    for warning in unknown_variables():
        write_note(f"leadstream: {warning}")
    return settings


def parse_time_option(name: str, text: str | None) -> int | None:
    """Returns the instant (ms) that the option `name` was set to, None where it was not set. Raises UsageError."""
    try:
        return None if text is None else check_calendar_range(instant_ms(text))
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error


def parse_account(text: str) -> str:
    """Returns an account as named on the command line. Raises UsageError for what cannot be one."""
    try:
        return TypeAdapter[str](Slug).validate_python(text)
    except ValidationError as error:
        raise UsageError(
            f"--account: {text[:40]!r} is no account; 1 to 100 letters, digits, - and _ make one"
        ) from error
