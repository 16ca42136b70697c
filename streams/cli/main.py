"""The command `leadstream`: one file per command; errors become one line and an exit code here."""

from __future__ import annotations

import os
import sys
import traceback
from importlib.metadata import version
from typing import Annotated

import typer

from streams.cli import (
    broker,
    definitions,
    demo,
    explain,
    leads,
    publish,
    replay,
    salesforce,
    search,
    segments,
    topics,
    verify,
    worker,
)
from streams.cli.common import quiet_clients
from streams.errors import Internal, LeadstreamError

# Each module has `register(app)`, which adds its command or group of commands.
COMMANDS = (
    demo,
    worker,
    broker,
    topics,
    definitions,
    publish,
    leads,
    segments,
    search,
    explain,
    replay,
    verify,
    salesforce,
)


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="leadstream",
        help="Real-time segments and lead lifecycle on Kafka.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_leadstream)
    for command in COMMANDS:
        command.register(app)
    return app


def run() -> None:
    """Runs the command that the process was started with, and ends the process with its exit code."""
    quiet_clients()
    app = build()
    try:
        app()
    except LeadstreamError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last line of defence: nobody should be shown a traceback
        if os.environ.get("LEADSTREAM_DEBUG") == "1":
            traceback.print_exc()
        kind = type(error).__name__
        _complain(f"internal error: {kind}: {_first_line(error)} (LEADSTREAM_DEBUG=1 shows where)")
        sys.exit(Internal.exit_code)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"leadstream {version('leadstream')}")
        raise typer.Exit


def _leadstream(
    _show_version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_version, help="Show the version."),
    ] = False,
) -> None:
    """Real-time segments and lead lifecycle on Kafka."""


def _complain(message: str) -> None:
    sys.stderr.write(f"leadstream: {message}\n")


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else "no message"
