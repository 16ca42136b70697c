"""`leadstream demo`: runs the whole pipeline on this machine with realistic traffic, and shows it live."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.cli.console import write_json
from streams.cli.options import JsonOption, settings_from
from streams.demo.program import Demo, DemoOptions
from streams.demo.summary import summary
from streams.demo.svg import render_svg
from streams.demo.view import render

SecondsOption = Annotated[
    float | None, typer.Option("--seconds", min=5, help="End by itself after so many seconds of traffic.")
]
KeepOption = Annotated[Path | None, typer.Option("--keep", help="Keep Kafka's data and the logs in this folder.")]
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

    Ctrl-C leaves nothing running. The first start fetches Kafka.
    """
    settings = None
    if bootstrap is not None:
        # Topics of an earlier demo have a clock that is already at the end: each demo needs topics of its own.
        topic_prefix = prefix or f"demo-{int(time.time())}-"
        settings = settings_from(bootstrap=bootstrap, prefix=topic_prefix, clock="events")
    options = DemoOptions(seconds=seconds, data_folder=keep, settings=settings, contacts=contacts)
    run = Demo(options, Console(quiet=as_json or not sys.stdout.isatty()))
    asyncio.run(run.run())
    if as_json:
        write_json(summary(run.state, run.definitions))
    else:
        Console().print(render(run.state, run.definitions))
    if svg is not None:
        svg.write_text(render_svg(run.state, run.definitions))
