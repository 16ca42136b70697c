"""`python -m agents.views`: the process of the role `views`; the worker's supervisor starts it.

Exit codes: 0 after SIGTERM or SIGINT, 69 when Kafka is away or not back yet (the supervisor starts it again), 78 when
no Redis is named, 79 when another worker has its name. A Redis that is away or refuses does not end it: that is
logged, and repeated.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from functools import partial

import structlog

from streams.clock import now_ms
from streams.errors import ConfigurationError
from streams.kafka.clients import seen_topics
from streams.kafka.topic_admin import await_topics
from streams.kafka.view_groups import is_embedded, remove_group, view_group_id
from streams.metrics import catalog
from streams.metrics.report import MetricValue, ProcessReport, encode, process_values, value_of
from streams.runtime.process.child import run_child
from streams.runtime.process.report_channel import answer_reports
from streams.settings import Settings
from streams.views.consumer import ViewConsumer
from streams.views.progress import STALE_MS
from streams.views.status import ViewsStatus

log = structlog.get_logger()


def views_report(status: ViewsStatus) -> bytes:
    """What the process tells its parent. A Redis that is away is a problem to know of, not one of the process."""
    problems = tuple(f"the read models: {each}" for each in _problems(status))
    return encode(
        ProcessReport(
            ready_since=status.ready_since, problems=problems, values=(*process_values(), *_views_values(status))
        )
    )


def _problems(status: ViewsStatus) -> list[str]:
    rebuild = None if status.rebuild is None else f"nothing is applied until they are built anew: {status.rebuild}"
    return [each for each in (status.problem, rebuild) if each is not None]


def _views_values(status: ViewsStatus) -> Iterator[MetricValue]:
    yield value_of(catalog.REDIS_UP, not _problems(status) and status.ready_since is not None)
    for name, state in status.positions.items():
        topic, _, partition = name.rpartition(":")
        lag, now = max(0, state.end - state.position), now_ms()
        # While Redis is away or a rebuild runs, nobody looks how much has come since.
        is_behind = lag > 0 or now - state.at > STALE_MS
        delay = (now - state.caught_up) / 1000 if is_behind else 0
        yield value_of(catalog.VIEWS_LAG, lag, topic, partition, status.group)
        yield value_of(catalog.VIEWS_DELAY, delay, topic, partition, status.group)


def view_consumer(settings: Settings) -> ViewConsumer:
    """The consumer of a deployment. Raises ConfigurationError where the settings name no Redis."""
    if settings.redis_url is None:
        raise ConfigurationError("LEADSTREAM_REDIS_URL is not set; the role views needs a Redis to write into")
    return ViewConsumer(settings, settings.redis_url)


async def _run_until_signal(settings: Settings) -> None:
    consumer = view_consumer(settings)
    # Before the topics are there: a parent takes a process that does not answer for one that hangs.
    await answer_reports(partial(views_report, consumer.status))
    await await_topics(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, consumer.stop)
    with seen_topics():
        await consumer.run()
    if is_embedded(settings.views_group):
        group = view_group_id(settings)
        if problem := await remove_group(settings.bootstrap, group):
            log.info("views", group=group, problem=f"not removed, Kafka does so later: {problem}")


if __name__ == "__main__":
    run_child("views", _run_until_signal)
