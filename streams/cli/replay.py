"""`leadstream replay`: the engine over a file of events, without a broker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from schemas.values import instant_ms
from streams.cli.common import Advance, human, progress, write_line
from streams.definitions import load
from streams.engine.effects import Output
from streams.errors import UsageError
from streams.publish.lines import json_items, read_lines, size_of
from streams.replay import EVENT_TOPICS, Replay

_encode = msgspec.json.Encoder().encode

Events = Annotated[
    list[str] | None,
    typer.Argument(metavar="EVENTS...", help="Events as JSON lines, gzipped or not; - is standard input."),
]
DefinitionFiles = Annotated[
    list[Path] | None, typer.Option("--definitions", help="Definitions in force from the start; may be repeated.")
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Pass over later lines; everything due up to then happens."),
]
State = Annotated[bool, typer.Option("--state", help="Write final memberships and leads instead of changes.")]


def register(app: typer.Typer) -> None:
    """Adds the command `replay`."""
    app.command("replay")(replay)


def replay(
    events: Events = None,
    *,
    definitions: DefinitionFiles = None,
    until: Until = None,
    state: State = False,
) -> None:
    """Decide a file of events as the pipeline would, and write what comes out as JSON lines.

    What is refused is said on standard error, line by line.
    """
    if not events:
        raise UsageError("name at least one file of events (- is standard input)")
    accounts = {name: account.document for name, account in load(definitions or []).require().items()}
    end = _instant(until)
    console = human()
    write = _nothing if state else _write_event
    with progress() as advance:
        run = Replay(accounts, write, lambda line: console.print(line, markup=False, soft_wrap=True))
        run.run(json_items(read_lines(events, _in_all(advance, events))), end)
    if state:
        for row in run.state():
            write_line(_encode(row).decode())
    report = run.report
    if report.refused:
        console.print(f"{report.refused} of {report.events} events refused", markup=False)


def _write_event(output: Output) -> None:
    if output.topic in EVENT_TOPICS and output.value is not None:
        write_line(output.value.decode())


def _nothing(_: Output) -> None:
    """With --state the changes themselves are not asked for."""


def _instant(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return instant_ms(text)
    except ValueError as error:
        raise UsageError(f"--until: {error}") from error


def _in_all(advance: Advance, files: list[str]) -> Callable[[int], None]:
    """Progress over all files, from how far the present one is read."""
    total = size_of(files)
    before = last = 0

    def read(done: int) -> None:
        nonlocal before, last
        if done < last:  # the next file has begun
            before += last
        last = done
        advance("replaying", before + done, total)

    return read
