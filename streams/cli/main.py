"""The command `leadstream`: runs one command, and turns its error into one line and an exit code."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from typing import Annotated, cast

import typer

from streams.cli.commands import register_commands
from streams.cli.console import ClosedOutput, discard_output, flush_output, silence_clients
from streams.errors import Internal, LeadstreamError, UsageError

NAME = "leadstream"

# Typer raises usage errors of click for a wrong command line, and may bring a click of its own.
_ClickUsageError = cast(
    type[typer.BadParameter], next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
)


def build_app() -> typer.Typer:
    """Returns the whole command line; no command is imported yet."""
    app = typer.Typer(
        name=NAME,
        help="Real-time segments and lead lifecycle on Kafka.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_leadstream)
    register_commands(app)
    return app


def run() -> None:
    """Runs the command that the process was started with, and ends the process with its exit code."""
    gc.disable()  # what is imported stays: to look for garbage in it takes a tenth of a start
    silence_clients()
    try:
        code = _run_command(build_app())
        flush_output()
    except ClosedOutput:
        discard_output()
        code = ClosedOutput.exit_code
    finally:
        gc.enable()
    sys.exit(code)


def _run_command(app: typer.Typer) -> int:
    """Runs the command; returns its exit code. An error is one line on standard error."""
    try:
        result = app(prog_name=NAME, standalone_mode=False)
    except _ClickUsageError as error:
        if not _has_shown_help(error):
            _write_error(_usage_text(error))
        return UsageError.exit_code
    except typer.Abort:
        _write_error("given up")
        return 1
    except ClosedOutput:
        raise
    except LeadstreamError as error:
        _write_error(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - users get one line, never a traceback
        if os.environ.get("LEADSTREAM_DEBUG") == "1":
            traceback.print_exc()
        kind = type(error).__name__
        _write_error(f"internal error: {kind}: {_first_line(error)} (LEADSTREAM_DEBUG=1 shows where)")
        return Internal.exit_code
    return result if isinstance(result, int) else 0


def _has_shown_help(error: typer.BadParameter) -> bool:
    """Returns whether a group was called without arguments: then its help is on the screen already."""
    return type(error).__name__ == "NoArgsIsHelpError"


def _usage_text(error: typer.BadParameter) -> str:
    """Returns in one line what is wrong with the command line."""
    message = " ".join(error.format_message().split()).removesuffix(".").replace("Value error, ", "")
    command = NAME if error.ctx is None else error.ctx.command_path
    return f"{message[:1].lower()}{message[1:]}; `{command} --help` tells what there is"


def _print_version(is_requested: bool) -> None:
    if is_requested:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import, and only this option needs it

        typer.echo(f"leadstream {version('leadstream')}")
        raise typer.Exit


def _leadstream(
    _show_version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version."),
    ] = False,
) -> None:
    """Real-time segments and lead lifecycle on Kafka."""


def _write_error(message: str) -> None:
    sys.stderr.write(f"leadstream: {message}\n")


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else "no message"
