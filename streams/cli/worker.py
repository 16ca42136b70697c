"""`leadstream worker`: runs worker processes under a parent that restarts them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Annotated

import structlog
import typer

from streams.cli.options import BootstrapOption, DataDirOption, PrefixOption
from streams.environment import load_settings, unknown_variables
from streams.errors import LeadstreamError
from streams.kafka.topic_admin import require_topics
from streams.runtime.process import logs
from streams.runtime.process.supervisor import ChildState, Companion, child_environment, role_child, supervise
from streams.runtime.process.worker_name import lock_worker_name
from streams.settings import Settings

log = structlog.get_logger()

WorkerNameOption = Annotated[
    str | None,
    typer.Option("--name", help="Unique and stable: keeps its slots over a restart (LEADSTREAM_NAME)."),
]


class Role(StrEnum):
    """What a worker runs."""

    PIPELINE = "pipeline"
    LEDGER = "ledger"
    CRM = "crm"
    VIEWS = "views"
    ALL = "all"


RoleOption = Annotated[Role, typer.Option("--role", help="What to run; start more workers to scale out.")]
WorkerClockOption = Annotated[
    str | None, typer.Option("--clock", help="wall or events, as the topics were made (LEADSTREAM_CLOCK).")
]
WorkerPartitionsOption = Annotated[
    int | None,
    typer.Option("--partitions", help="Journal partitions, as they were made (LEADSTREAM_PARTITIONS)."),
]


NO_SALESFORCE = (
    "none of LEADSTREAM_SALESFORCE_DOMAIN, ..._URL and ..._ORGS is set; hand-overs wait on qualified-leads"
)


def worker(
    *,
    name: WorkerNameOption = None,
    role: RoleOption = Role.ALL,
    clock: WorkerClockOption = None,
    partitions: WorkerPartitionsOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Run a worker until Ctrl-C or SIGTERM; its log lines go to standard error, one JSON object each.

    Exit codes: 0 stopped as asked, 69 no broker at the start, 78 set so that no restart will help, 79 another worker
    has this name.
    """
    logs.configure(name or "")
    try:
        settings = load_settings(
            name=name, clock=clock, partitions=partitions, bootstrap=bootstrap, prefix=prefix, data_dir=data_dir
        )
        for problem in unknown_variables():
            log.warning("unknown variable", problem=problem)
        code = run_processes(settings, role)
    except LeadstreamError as error:
        log.error("not started", problem=str(error), exit_code=error.exit_code)  # noqa: TRY400 - one line, no trace
        code = error.exit_code
    sys.exit(code)


def process_names(role: Role, settings: Settings) -> list[str]:
    """Returns the processes of a role; `all` leaves out the CRM without a Salesforce and views without a Redis."""
    if role is not Role.ALL:
        return [role.value]
    roles = [Role.PIPELINE, Role.LEDGER]
    if settings.has_salesforce:
        roles.append(Role.CRM)
    if settings.redis_url is not None:
        roles.append(Role.VIEWS)
    return [each.value for each in roles]


def run_processes(settings: Settings, role: Role) -> int:
    """Runs the processes of a role as children; returns the exit code.

    Raises LeadstreamError before anything is started.
    """
    lock = lock_worker_name(settings.data_dir, settings.name)
    if not settings.start_patience_ms:  # otherwise each process waits for the topics itself
        try:
            asyncio.run(require_topics(settings))
        except LeadstreamError:
            lock.release()
            raise
    logs.configure(lock.name)
    environment = child_environment(settings.model_copy(update={"name": lock.name}))
    if role in (Role.ALL, Role.CRM) and not settings.has_salesforce:
        log.info("Salesforce is off", why=NO_SALESFORCE)
    children = [role_child(name, environment) for name in process_names(role, settings)]
    return supervise(children, keep_open=[lock.descriptor], companion=_metrics(settings, lock.name))


def _metrics(settings: Settings, name: str) -> Companion | None:
    """What serves health and metrics beside the processes of the worker `name`; None where that is off."""
    if settings.metrics_port is None:
        return None
    from streams.metrics.server import metrics_server  # noqa: PLC0415  # an HTTP server, for those who want one

    def serve(children: Sequence[ChildState]) -> AbstractAsyncContextManager[str]:
        return metrics_server(settings, name, children)

    return serve
