"""`leadstream worker`: runs worker processes under a parent that starts them again."""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum
from typing import Annotated

import typer

from streams.app import KINDS
from streams.cli.common import Bootstrap, DataDir, Prefix, settings_from
from streams.errors import LeadstreamError
from streams.runtime import logs
from streams.runtime.name import hold_name
from streams.runtime.parent import Child, environment_of, supervise
from streams.runtime.topics_admin import require_topics
from streams.settings import Settings

Name = Annotated[
    str | None,
    typer.Option("--name", envvar="LEADSTREAM_NAME", help="Unique and stable: keeps its slots over a restart."),
]


class Role(StrEnum):
    """What a worker does."""

    PIPELINE = "pipeline"
    LEDGER = "ledger"
    ALL = "all"


RoleOption = Annotated[Role, typer.Option("--role", help="What to run; start more workers to scale out.")]
ClockOption = Annotated[
    str | None, typer.Option("--clock", envvar="LEADSTREAM_CLOCK", help="wall or events, as the topics were made.")
]
Partitions = Annotated[
    int | None,
    typer.Option("--partitions", envvar="LEADSTREAM_PARTITIONS", help="Journal partitions, as they were made."),
]


def register(app: typer.Typer) -> None:
    """Adds the command `worker`."""
    app.command("worker")(worker)


def worker(
    *,
    name: Name = None,
    role: RoleOption = Role.ALL,
    clock: ClockOption = None,
    partitions: Partitions = None,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    data_dir: DataDir = None,
) -> None:
    """Run a worker until Ctrl-C or SIGTERM; its log lines go to standard error, one JSON object each.

    Exit codes: 0 stopped as asked, 69 no broker at the start, 78 set so that no restart will help, 79 another worker
    has this name.
    """
    settings = settings_from(
        name=name, clock=clock, partitions=partitions, bootstrap=bootstrap, prefix=prefix, data_dir=data_dir
    )
    sys.exit(run(settings, roles(role)))


def roles(role: Role) -> list[str]:
    """The kinds of slots of a role."""
    return list(KINDS) if role is Role.ALL else [role.value]


def run(settings: Settings, kinds: list[str]) -> int:
    """Runs a worker process for each kind under this one; the exit code. Raises LeadstreamError before the start."""
    held = hold_name(settings.data_dir, settings.name)
    try:
        asyncio.run(require_topics(settings))
    except LeadstreamError:
        held.release()
        raise
    logs.configure(held.name)
    environment = environment_of(settings.model_copy(update={"name": held.name}))
    children = [Child(kind, [sys.executable, "-m", "streams.app", kind], environment) for kind in kinds]
    return supervise(children, keep_open=[held.descriptor])
