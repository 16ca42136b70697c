"""`python -m agents.crm.main`: the process of the role `crm`, started by the worker's parent.

It ends with 0 after SIGTERM or SIGINT, with 69 when Kafka is away (the parent starts it again), with 78 when the
settings name no org. A login that Salesforce refuses does not end it: that is told, and tried again.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import structlog
from aiokafka.errors import KafkaError

from agents.crm.backoff import Backoff
from agents.crm.definitions import ActiveDefinitions
from agents.crm.factory import active_mapping, build_crm
from streams.errors import BrokerUnavailable, LeadstreamError
from streams.kafka.topic_admin import await_topics
from streams.runtime.process import logs
from streams.runtime.process.supervisor import exit_with_parent
from streams.settings import Settings

log = structlog.get_logger()


async def run(settings: Settings, stopping: asyncio.Event, backoff: Backoff | None = None) -> None:
    """Hands over and polls until told to stop. Raises BrokerUnavailable, SalesforceRefused (no org is configured)."""
    definitions = ActiveDefinitions(settings)
    consumer, poller = build_crm(settings, active_mapping(definitions.latest), backoff=backoff)
    try:
        await definitions.start()
        following = asyncio.create_task(definitions.follow())
        working = [asyncio.create_task(consumer.run()), asyncio.create_task(poller.run())]
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait([following, told, *working], return_when=asyncio.FIRST_COMPLETED)
        consumer.stop()
        poller.stop()
        await _first_error(*working, *(task for task in [following] if task.done()))
        told.cancel()
        following.cancel()
        await asyncio.gather(told, following, return_exceptions=True)
    except (KafkaError, OSError) as error:
        raise BrokerUnavailable(f"no Kafka answers at {settings.bootstrap}: {type(error).__name__}") from error
    finally:
        await definitions.stop()


async def _first_error(*working: asyncio.Task[None]) -> None:
    """Waits for all; raises what the first that failed raised."""
    for outcome in await asyncio.gather(*working, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _run_until_signal(settings: Settings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await run(settings, stopping)


def main() -> int:
    """Runs until signalled; the exit code."""
    settings = Settings()
    logs.configure(f"{settings.name or 'worker'}-crm")
    try:
        asyncio.run(await_topics(settings, settings.start_patience_ms / 1000))
        asyncio.run(_run_until_signal(settings))
    except LeadstreamError as error:
        log.error("ended", problem=str(error), exit_code=error.exit_code)  # noqa: TRY400 - one line, no traceback
        return error.exit_code
    return 0


if __name__ == "__main__":
    exit_with_parent()
    sys.exit(main())
