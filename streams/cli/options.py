"""Options that several commands share, and how their values become settings, instants and accounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from schemas.values import Slug, instant_ms
from streams.errors import UsageError

if TYPE_CHECKING:
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
    """Returns the settings of this run: the environment, overridden by the options that are not None.

    Raises UsageError naming the first setting whose value makes no sense.
    """
    from streams.settings import Settings  # noqa: PLC0415 - slow to import, and some commands need no settings

    overrides = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"setting {name}: {first['msg']}, got {first['input']!r}") from error


def parse_time_option(name: str, text: str | None) -> int | None:
    """Returns the instant (ms) that the option `name` was set to, None where it was not set. Raises UsageError."""
    try:
        return None if text is None else instant_ms(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error


def parse_account(text: str) -> str:
    """Returns an account as named on the command line. Raises UsageError for what cannot be one."""
    try:
        return TypeAdapter[str](Slug).validate_python(text)
    except ValidationError as error:
        raise UsageError(f"--account: {text!r} is no account; letters, digits, - and _ make one") from error
