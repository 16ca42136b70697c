"""`python -m agents.crm.main`: the process of the role `crm`; the worker's supervisor starts it.

Exit codes: 0 after SIGTERM or SIGINT, 69 when Kafka is away or not back yet (the supervisor starts it again), 78 when
the settings name no org. A login that Salesforce refuses does not end it: it is logged and repeated.
"""

from __future__ import annotations

import asyncio
import signal
from functools import partial

from aiokafka.errors import KafkaError

from agents.crm.backoff import Backoff
from agents.crm.factory import active_mapping, active_target, active_time_zone, build_handover_consumer
from agents.crm.opportunities.opportunity_pollers import OpportunityPollers
from agents.crm.org_checker import OrgChecker
from agents.crm.process_report import CrmParts, crm_report
from connectors.salesforce.org.directory import OrgDirectory
from streams.errors import BrokerUnavailable
from streams.kafka.clients import seen_topics
from streams.kafka.topic_admin import await_topics
from streams.runtime.process.child import run_child
from streams.runtime.process.report_channel import answer_reports
from streams.settings import Settings
from streams.store.releases import ReleaseFollower
from streams.tracing.spans import SpanRecorder, start_spans


async def run(
    settings: Settings,
    stopping: asyncio.Event,
    backoff: Backoff | None = None,
    parts: CrmParts | None = None,
    spans: SpanRecorder | None = None,
) -> None:
    """Hands over and polls until `stopping` is set or a part fails. `parts` gets those that the report is made of.

    Raises BrokerUnavailable, TopicsMissing, and SalesforceRefused when the settings name no org.
    """
    releases = ReleaseFollower(settings)
    directory = OrgDirectory.from_settings(settings)
    consumer = build_handover_consumer(
        settings,
        directory,
        active_mapping(releases.latest),
        time_zone=active_time_zone(releases.latest),
        target=active_target(releases.latest),
        backoff=backoff,
        spans=spans,
    )
    pollers = OpportunityPollers.of_orgs(settings, directory, releases.all_releases, backoff, consumer.poll_turn)
    checker = OrgChecker(directory, releases.all_releases)
    if parts is not None:
        parts.directory, parts.consumer, parts.pollers, parts.checker = directory, consumer, pollers, checker
    workers = (consumer, pollers, checker)
    try:
        async with releases:
            following = asyncio.create_task(releases.follow())
            working = [asyncio.create_task(each.run()) for each in workers]
            signal_task = asyncio.create_task(stopping.wait())
            try:
                await asyncio.wait([following, signal_task, *working], return_when=asyncio.FIRST_COMPLETED)
                for each in workers:
                    each.stop()
                await _raise_first_error(*working, *(task for task in [following] if task.done()))
            finally:
                signal_task.cancel()
                following.cancel()
                await asyncio.gather(signal_task, following, return_exceptions=True)
    except (KafkaError, OSError) as error:
        raise BrokerUnavailable(f"no Kafka answers at {settings.bootstrap}: {type(error).__name__}") from error


async def _raise_first_error(*tasks: asyncio.Task[None]) -> None:
    """Waits for all tasks; raises the first one's error."""
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _run_until_signal(settings: Settings) -> None:
    parts = CrmParts()
    await answer_reports(partial(crm_report, parts))
    await await_topics(settings)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    spans = start_spans("crm", settings.name or "crm")
    try:
        with seen_topics():
            await run(settings, stopping, parts=parts, spans=spans)
    finally:
        if spans is not None:
            spans.close()


if __name__ == "__main__":
    run_child("crm", _run_until_signal)
