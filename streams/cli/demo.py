"""`leadstream demo`: runs the whole pipeline on this machine with realistic traffic, and shows it live."""

from __future__ import annotations

import asyncio
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.console import new_console, write_json, write_note
from streams.cli.options import JsonOption, settings_from
from streams.demo.folder import DemoFolder
from streams.demo.local_kafka import DemoKafka
from streams.interrupt import end_at_signals, signal_exit_code

if TYPE_CHECKING:
    from streams.demo.program import Demo
    from streams.settings import Settings

SecondsOption = Annotated[
    float | None, typer.Option("--seconds", min=5, help="End by itself after so many seconds of traffic.")
]
KeepOption = Annotated[
    Path | None, typer.Option("--keep", metavar="DIR", help="Keep Kafka's data and the logs in this folder.")
]
SvgOption = Annotated[Path | None, typer.Option("--svg", help="Write the last picture to this file.")]
DemoBootstrapOption = Annotated[
    str | None,
    typer.Option("--bootstrap", help="Use this Kafka and start none; the topics that are made stay there."),
]
DemoPrefixOption = Annotated[
    str | None, typer.Option("--prefix", help="With --bootstrap: put before every topic name; a new one each time.")
]
DemoContactsOption = Annotated[int, typer.Option("--contacts", min=10, help="How many contacts are simulated.")]


def demo(
    *,
    seconds: SecondsOption = None,
    keep: KeepOption = None,
    svg: SvgOption = None,
    contacts: DemoContactsOption = 400,
    bootstrap: DemoBootstrapOption = None,
    prefix: DemoPrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start Kafka, a Salesforce stand-in and a worker, play four weeks of traffic, and show what happens.

    Ctrl-C leaves nothing running. The first start fetches Kafka. With --keep DIR the data stays: `leadstream broker
    start --data-dir DIR` starts this Kafka again, for `leadstream explain`, `tail`, `search` and all other commands.
    """
    start_time = time.monotonic()
    folder = DemoFolder(keep)
    kafka = DemoKafka(folder.kafka) if bootstrap is None else None
    end_at_signals(lambda: _give_up(folder, kafka))
    try:
        if kafka is not None:
            kafka.begin_start()  # first of all: it takes as long as what is imported now
        from streams.demo.program import Demo, DemoOptions  # noqa: PLC0415 - see above

        settings = None if bootstrap is None else _settings_on(bootstrap, prefix)
        options = DemoOptions(
            seconds=seconds, settings=settings, has_console=sys.stdout.isatty() and not as_json, contacts=contacts
        )
        console = new_console(quiet=as_json or not sys.stdout.isatty())
        run = Demo(options, folder.path, kafka, console, start_time)
        asyncio.run(run.run())
    finally:
        _give_up(folder, kafka)
    if run.interrupt is not None:
        raise typer.Exit(signal_exit_code(run.interrupt))
    _write_result(run, svg, as_json=as_json)
    if keep is not None:
        write_note(f"kept in {keep}; `leadstream broker start --data-dir {shlex.quote(str(keep))}` starts its Kafka")


def _settings_on(bootstrap: str, prefix: str | None) -> Settings:
    # Topics of an earlier demo have a clock that is already at the end: each demo needs topics of its own.
    return settings_from(bootstrap=bootstrap, prefix=prefix or f"demo-{int(time.time())}-", clock="events")


def _give_up(folder: DemoFolder, kafka: DemoKafka | None) -> None:
    """Ends what still runs of Kafka, and removes a temporary folder; nothing happens the second time."""
    if kafka is not None:
        kafka.give_up()
    folder.remove()


def _write_result(run: Demo, svg: Path | None, *, as_json: bool) -> None:
    from streams.demo.summary import summary  # noqa: PLC0415 - loaded with the demo
    from streams.demo.svg import render_svg  # noqa: PLC0415
    from streams.demo.view import render  # noqa: PLC0415

    if as_json:
        write_json(summary(run.state, run.definitions))
    else:
        console = new_console()
        console.print(render(run.state, run.definitions, console.width))
    if svg is not None:
        svg.write_text(render_svg(run.state, run.definitions))
