"""`leadstream demo`: the whole pipeline on this machine, with realistic traffic, shown live."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.cli.common import AsJson, settings_from, write_json

Seconds = Annotated[
    float | None, typer.Option("--seconds", min=5, help="End by itself after so many seconds of traffic.")
]
Keep = Annotated[Path | None, typer.Option("--keep", help="Keep Kafka's data and the logs in this folder.")]
Svg = Annotated[Path | None, typer.Option("--svg", help="Write the last picture to this file.")]
Bootstrap = Annotated[
    str | None,
    typer.Option("--bootstrap", help="Use this Kafka and start none; the topics that are made stay there."),
]
Prefix = Annotated[
    str | None, typer.Option("--prefix", help="With --bootstrap: put before every topic name; a new one each time.")
]
Contacts = Annotated[int, typer.Option("--contacts", min=10, help="How many contacts are simulated.")]


def register(app: typer.Typer) -> None:
    """Adds the command `demo`."""
    app.command("demo")(demo)


def demo(
    *,
    seconds: Seconds = None,
    keep: Keep = None,
    svg: Svg = None,
    contacts: Contacts = 400,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Start Kafka, a Salesforce stand-in and a worker, play four weeks of traffic, and show what happens.

    Ctrl-C leaves nothing running. The first start fetches Kafka.
    """
    # Loaded here, so that the other commands start without it.
    from streams.demo.program import Demo, Plan  # noqa: PLC0415 - likewise
    from streams.demo.summary import summary  # noqa: PLC0415 - likewise
    from streams.demo.svg import picture  # noqa: PLC0415 - see above
    from streams.demo.view import render  # noqa: PLC0415 - likewise

    settings = None
    if bootstrap is not None:
        # What an earlier demo told is known to its topics: another one begins with topics of its own.
        own = prefix or f"demo-{int(time.time())}-"
        settings = settings_from(bootstrap=bootstrap, prefix=own, clock="events")
    plan = Plan(seconds=seconds, keep=keep, settings=settings, contacts=contacts)
    run = Demo(plan, Console(quiet=as_json or not sys.stdout.isatty()))
    asyncio.run(run.run())
    if as_json:
        write_json(summary(run.state, run.definitions))
    else:
        Console().print(render(run.state, run.definitions))
    if svg is not None:
        svg.write_text(picture(run.state, run.definitions))
