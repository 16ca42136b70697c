"""`leadstream replay`: runs the engine over a file of events, without a broker, or over a broker's journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from streams.cli.console import progress_bar, write_line, write_note
from streams.cli.options import BootstrapOption, PrefixOption, parse_time_option, settings_from
from streams.definitions import load_definitions
from streams.engine.journal.effects import Output
from streams.errors import DataError, UsageError
from streams.publish.lines import parse_json_lines, read_lines, total_progress
from streams.replay.file import EVENT_TOPICS, FileReplay
from streams.replay.state import StateRow

if TYPE_CHECKING:
    from streams.settings import Settings

MAX_LISTED_ACCOUNTS = 5

_encode = msgspec.json.Encoder().encode

OutputCallback = Callable[[Output], None]

EventsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="EVENTS...", help="Events as JSON lines, gzipped or not; - is standard input."),
]
DefinitionsOption = Annotated[
    list[Path] | None, typer.Option("--definitions", help="Definitions in force from the start; may be repeated.")
]
ReplayUntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Pass over later lines; everything due up to then happens."),
]
RecordsOption = Annotated[
    bool, typer.Option("--records", help="Write every record with topic and key, tables among them.")
]
ReplayJournalOption = Annotated[
    bool, typer.Option("--journal", help="Decide the broker's own journal and definitions.")
]
StateOption = Annotated[bool, typer.Option("--state", help="Write final memberships and leads instead of changes.")]


def replay(
    events: EventsArgument = None,
    *,
    definitions: DefinitionsOption = None,
    until: ReplayUntilOption = None,
    state: StateOption = False,
    records: RecordsOption = False,
    journal: ReplayJournalOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
) -> None:
    """Decide a file of events, or a broker's journal, as the pipeline would; write what comes out as JSON lines.

    What is refused is said on standard error; the exit code is 65 if a line of the file is no event.
    """
    write = _discard_output if state else _write_record if records else _write_event
    if journal:
        if events or definitions or until:
            raise UsageError("--journal reads events and definitions from the broker; leave files and --until out")
        _replay_journal(settings_from(bootstrap=bootstrap, prefix=prefix), write, state)
    elif events:
        settings = settings_from(bootstrap=bootstrap, prefix=prefix)
        _replay_files(settings, events, definitions or [], parse_time_option("--until", until), write, state=state)
    else:
        raise UsageError("name at least one file of events (- is standard input), or --journal")


def _replay_files(
    settings: Settings,
    events: list[str],
    definitions: list[Path],
    until: int | None,
    write: OutputCallback,
    *,
    state: bool,
) -> None:
    accounts = {name: account.document for name, account in load_definitions(definitions).require().items()}
    with progress_bar() as advance:
        run = FileReplay(
            accounts,
            settings.engine,
            write,
            write_note,
            normalize_ids=settings.normalize_ids,
        )
        run.run(parse_json_lines(read_lines(events, total_progress(events, "replaying", advance))), until)
    if state:
        _write_rows(run.state())
    if run.report.refused_count:
        write_note(f"{run.report.refused_count} refused")
    for name in run.undefined_accounts[:MAX_LISTED_ACCOUNTS]:
        write_note(
            f"account {name} has no definitions, so nothing can be decided for it; give --definitions FILE, or a line"
            " of type definitions.applied"
        )
    if run.report.invalid_line_count:
        raise typer.Exit(DataError.exit_code)


def _replay_journal(settings: Settings, write: OutputCallback, state: bool) -> None:
    from streams.replay.journal import JournalReplay  # noqa: PLC0415 - a file is replayed without a Kafka client

    with progress_bar() as advance:
        run = JournalReplay(settings, write, advance)
        asyncio.run(run.run())
    if state:
        _write_rows(run.state())
    if run.refused_count:
        write_note(f"{run.refused_count} refused when decided, as they are in the dead letters")


def _write_rows(rows: Iterable[StateRow]) -> None:
    for row in rows:
        write_line(_encode(row).decode())


def _write_record(output: Output) -> None:
    value = msgspec.Raw(output.value if output.value is not None else b"null")
    write_line(_encode({"topic": output.topic, "key": output.key.decode(), "value": value}).decode())


def _write_event(output: Output) -> None:
    if output.topic in EVENT_TOPICS and output.value is not None:
        write_line(output.value.decode())


def _discard_output(_: Output) -> None:
    """Writes nothing: with --state only the final state is written."""
