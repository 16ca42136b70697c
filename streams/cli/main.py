"""The command `leadstream`: runs one command, and turns its error into one line and an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, cast

from streams.interrupt import end_at_interrupt, raise_at_interrupt, signal_exit_code

if TYPE_CHECKING:
    import typer

NAME = "leadstream"


def build_app() -> typer.Typer:
    """Returns the whole command line; no command is imported yet."""
    from streams.cli.commands import build_command_line  # noqa: PLC0415 - see `run`

    return build_command_line(NAME)


def run() -> None:
    """Runs the command that the process was started with, and ends the process with its exit code."""
    end_at_interrupt()  # before anything is imported that takes long
    gc.disable()  # what is imported stays: to look for garbage in it takes a tenth of a start
    try:
        code = _run_until_closed()
    finally:
        gc.enable()
        raise_at_interrupt()
    sys.exit(code)


def _run_until_closed() -> int:
    """Runs the command; returns its exit code, also where nobody reads its output any more."""
    from streams.cli.console import ClosedOutput, discard_output, flush_output, silence_clients  # noqa: PLC0415

    silence_clients()
    try:
        code = _run_command(build_app())
        flush_output()
    except ClosedOutput:
        discard_output()
        return ClosedOutput.exit_code
    return code


def _run_command(app: typer.Typer) -> int:
    """Runs the command; returns its exit code. An error is one line on standard error."""
    import typer  # noqa: PLC0415 - see `run`

    from streams.cli.console import ClosedOutput  # noqa: PLC0415
    from streams.errors import Internal, LeadstreamError, UsageError  # noqa: PLC0415

    try:
        result = app(prog_name=NAME, standalone_mode=False)
    except _click_usage_error() as error:
        if not _has_shown_help(error):
            _write_error(_usage_text(error))
        return UsageError.exit_code
    except typer.Abort as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            return signal_exit_code(signal.SIGINT)
        _write_error("given up")
        return 1
    except ClosedOutput:
        raise
    except LeadstreamError as error:
        _write_error(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - users get one line, never a traceback
        if os.environ.get("LEADSTREAM_DEBUG") == "1":
            import traceback  # noqa: PLC0415 - what is imported before `run` can be interrupted with a traceback

            traceback.print_exc()
        kind = type(error).__name__
        _write_error(f"internal error: {kind}: {_first_line(error)} (LEADSTREAM_DEBUG=1 shows where)")
        return Internal.exit_code
    return result if isinstance(result, int) else 0


def _click_usage_error() -> type[typer.BadParameter]:
    """Returns what Typer raises for a wrong command line: an error of click, of which it may bring one of its own."""
    import typer  # noqa: PLC0415 - see `run`

    kinds = typer.BadParameter.__mro__
    return cast("type[typer.BadParameter]", next(kind for kind in kinds if kind.__name__ == "UsageError"))


def _has_shown_help(error: typer.BadParameter) -> bool:
    """Returns whether a group was called without arguments: then its help is on the screen already."""
    return type(error).__name__ == "NoArgsIsHelpError"


def _usage_text(error: typer.BadParameter) -> str:
    """Returns in one line what is wrong with the command line."""
    message = " ".join(error.format_message().split()).removesuffix(".").replace("Value error, ", "")
    message = message.replace(". Did you mean ", " - did you mean ")
    command = NAME if error.ctx is None else error.ctx.command_path
    end = "" if message.endswith("?") else ";"
    return f"{message[:1].lower()}{message[1:]}{end} `{command} --help` tells what there is"


def _write_error(message: str) -> None:
    sys.stderr.write(f"leadstream: {message}\n")


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else "no message"
