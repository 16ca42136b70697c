"""`python -m agents.views`: the process of the role `views`; the worker's supervisor starts it.

Exit codes: 0 after SIGTERM or SIGINT, 69 when Kafka is away (the supervisor starts it again), 78 when no Redis is
named. A Redis that is away or refuses does not end it: that is logged, and repeated.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import structlog

from streams.environment import load_settings
from streams.errors import ConfigurationError, LeadstreamError
from streams.kafka.topic_admin import await_topics
from streams.runtime.process import logs
from streams.runtime.process.supervisor import exit_with_parent
from streams.settings import Settings
from streams.views.consumer import ViewConsumer

log = structlog.get_logger()


def view_consumer(settings: Settings) -> ViewConsumer:
    """The consumer of a deployment. Raises ConfigurationError where the settings name no Redis."""
    if settings.redis_url is None:
        raise ConfigurationError("LEADSTREAM_REDIS_URL is not set; the role views needs a Redis to write into")
    return ViewConsumer(settings, settings.redis_url)


async def _run_until_signal(consumer: ViewConsumer) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, consumer.stop)
    await consumer.run()


async def _run(settings: Settings) -> None:
    await _run_until_signal(view_consumer(settings))


def main() -> int:
    """Runs until a signal comes; returns the exit code."""
    logs.configure("worker-views")
    try:
        settings = load_settings()
        logs.configure(f"{settings.name or 'worker'}-views")
        asyncio.run(await_topics(settings, settings.start_patience_ms / 1000))
        asyncio.run(_run(settings))
    except LeadstreamError as error:
        log.error("ended", problem=str(error), exit_code=error.exit_code)  # noqa: TRY400 - one line, no traceback
        return error.exit_code
    return 0


if __name__ == "__main__":
    exit_with_parent()
    sys.exit(main())
