"""The worker process: runs the Faust app of a spec until a signal stops it."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn, cast

import faust
import structlog

from streams.errors import LeadstreamError
from streams.kafka.deployment import DeploymentRecord, complete_deployment
from streams.kafka.topic_admin import await_topics
from streams.runtime.fatal import die
from streams.runtime.process import logs
from streams.runtime.process.app_builder import build_app
from streams.runtime.process.report_channel import answer_reports
from streams.runtime.slots.slot_manager import SlotManager
from streams.runtime.spec import AppSpec
from streams.settings import Settings
from streams.tracing.spans import start_spans

log = structlog.get_logger()

COLLECTOR_THRESHOLDS = (10_000, 1, 1_000)
"""When the collector of cycles looks (`gc.set_threshold`). Decisions make no cycles; by default it looks at all
contacts in memory again and again. Everything waits while it looks at its second generation, so that is small: a
hundred thousand objects would take 50 ms."""


def main(
    spec: AppSpec,
    settings: Settings,
    manager_class: type[SlotManager] = SlotManager,
    make_report: Callable[[SlotManager | None], bytes] | None = None,
) -> NoReturn:
    """Runs one worker process; exits with 0 after SIGTERM or SIGINT, else with the error's code (streams/errors.py).

    `settings.name` is the worker's name: its group instance id. `make_report` makes the answer when the parent asks
    how the process is; its argument is None while the process waits for its topics.
    """
    name = settings.name or spec.name
    logs.configure(name)
    loop = new_event_loop()
    manager: SlotManager | None = None
    if make_report is not None:
        loop.run_until_complete(answer_reports(lambda: make_report(manager)))
    try:
        deployment = loop.run_until_complete(_await_deployment(spec, settings))
    except LeadstreamError as error:
        die("the worker cannot start", error)
    spec = replace(spec, partition_key=deployment.partition_key)
    app = build_app(spec, settings, name, manager_class)
    manager = cast(SlotManager, app.slot_manager)
    spans = manager.spans = start_spans(spec.name, name)
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    log.info("start", kind=spec.name, slots=spec.slots, clock=settings.clock)
    # Logging is set up already; Faust's own handler would write lines that are not JSON.
    worker = faust.Worker(app, loop=loop, redirect_stdouts=False, quiet=True, override_logging=False)
    worker.spinner = None  # it draws on the terminal
    try:
        worker.execute_from_commandline()
    finally:
        if spans is not None:
            spans.close()
    sys.exit(0)


async def _await_deployment(spec: AppSpec, settings: Settings) -> DeploymentRecord:
    """Returns the deployment when the worker can run on the topics, and the settings that decide are recorded."""
    deployment = await await_topics(settings)
    if spec.records_decisions and not deployment.is_complete:
        completed = await complete_deployment(settings, deployment)
        log.info("recorded what decides", **completed.decisions)
    return deployment


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new event loop, uvloop's where it is installed, for this thread and for those that Faust starts."""
    try:
        import uvloop  # noqa: PLC0415  # not on every platform
    except ImportError:
        loop = asyncio.new_event_loop()
    else:
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop
