"""Keeps the read models up to date: the consumer group of their Redis.

Where to read on stands in Redis, beside the data; the group only shares the partitions out. What goes wrong with
Redis ends a session: the next one begins with what is there then. Meanwhile nothing is fetched, and nothing else
waits.
"""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import InvalidSessionTimeoutError, KafkaError

from connectors.redis.connection import open_redis
from streams.clock import now_ms
from streams.errors import BrokerUnavailable, RebuildRuns, RedisRefused, RedisUnavailable
from streams.kafka.protocols import Consumer
from streams.kafka.reader import stop_consumer
from streams.kafka.refusals import refusal_of_setting
from streams.kafka.view_groups import is_embedded, view_group_id
from streams.runtime.faust.metadata import mend_metadata
from streams.runtime.process.duplicate_workers import FencingDiagnosis, new_client_id
from streams.settings import Settings
from streams.views.membership import Assignment, await_duplicate, process_assignor
from streams.views.session import SessionOver, ViewSession
from streams.views.status import ViewsStatus
from streams.views.topics import VIEW_TOPICS
from streams.views.writer import WentBack

HEARTBEAT_MS = 1_000
"""The longest pause between two heartbeats: by them a member finds out that another process has its name."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
REFUSED_PAUSE_SECONDS = 30.0

# While Redis is away nothing is fetched, perhaps for hours; heartbeats show that the process is alive.
_NOT_FETCHING_MS = 86_400_000

log = structlog.get_logger()


async def _run_until_one_ends(tasks: list[asyncio.Task[None]]) -> None:
    """Cancels the others when one task has ended; raises its error."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


class ViewConsumer:
    """A member of the group; `run` ends after `stop`. `status` tells others how it is."""

    def __init__(self, settings: Settings, redis_url: str) -> None:
        self._settings = settings
        self._redis_url = redis_url
        self._assignment = Assignment()
        self._stopping = asyncio.Event()
        self.status = ViewsStatus(view_group_id(settings))

    def stop(self) -> None:
        """Ends `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Applies outputs until `stop`, whatever Redis does.

        Raises BrokerUnavailable, ConfigurationError, and DuplicateWorker when another process has this name.
        """
        settings = self._settings
        heartbeat_ms = min(HEARTBEAT_MS, settings.session_ms // 3)
        group, name = self.status.group, f"{settings.name}-views" if settings.name else None
        if is_embedded(settings.views_group):
            name = None  # nobody else joins, and only a member without a name leaves the group at its end
        client_id = new_client_id(name or "views")
        diagnosis = None
        if name is not None:
            patience = 2 * heartbeat_ms / 1000
            diagnosis = FencingDiagnosis(
                settings.bootstrap, group, name, client_id, patience, worker=settings.name or ""
            )
        consumer: Consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            group_id=group,
            client_id=client_id,
            partition_assignment_strategy=[process_assignor(client_id)],
            group_instance_id=name,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=settings.session_ms,
            heartbeat_interval_ms=heartbeat_ms,
            max_poll_interval_ms=_NOT_FETCHING_MS,
        )
        mend_metadata(consumer)
        names = [settings.prefix + topic.name for topic in VIEW_TOPICS]
        consumer.subscribe(names, listener=self._assignment)
        try:
            await consumer.start()
            running = [asyncio.create_task(self._run_sessions(consumer))]
            if diagnosis is not None:
                running.append(asyncio.create_task(await_duplicate(self._assignment, diagnosis)))
            await _run_until_one_ends(running)
        except InvalidSessionTimeoutError as error:
            raise refusal_of_setting(error) from error
        except (KafkaError, OSError) as error:
            # Two that join at once get an answer that aiokafka has no class for.
            if diagnosis is not None and type(error) is KafkaError:
                duplicate = await diagnosis.find_duplicate()
                if duplicate is not None:
                    raise duplicate from error
            raise BrokerUnavailable(f"no Kafka answers at {settings.bootstrap}: {type(error).__name__}") from error
        finally:
            await stop_consumer(consumer)

    async def _run_sessions(self, consumer: Consumer) -> None:
        attempt = 0
        while not self._stopping.is_set():
            try:
                async with open_redis(self._redis_url) as client:
                    session = ViewSession(
                        self._settings,
                        client,
                        consumer,
                        self._assignment,
                        status=self.status,
                        stopping=self._stopping,
                    )
                    async with session.opened():
                        while not self._stopping.is_set():
                            await session.run_once()
                            # Only now: a Redis that is full, or takes no writes, lets every session open.
                            self._note(None)
                            attempt = 0
                            self._note_ready()
            except SessionOver as end:
                log.info("views", session=str(end))
            except (RedisUnavailable, RebuildRuns, WentBack) as error:
                self._note(str(error))
                if isinstance(error, RedisUnavailable):
                    self._note_ready()
                await self._pause(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt, 16)))
                attempt += 1
            except RedisRefused as error:  # a person has to act, and nothing else of the deployment may end
                self._note(str(error))
                self._note_ready()
                await self._pause(REFUSED_PAUSE_SECONDS)

    def _note_ready(self) -> None:
        """Also where Redis is away or refuses: a worker that were not ready would keep Kubernetes from a release."""
        if self.status.ready_since is None:
            self.status.ready_since = now_ms()

    def _note(self, problem: str | None) -> None:
        """Logs a problem once when it begins, and once when it is over."""
        if problem == self.status.problem:
            return
        self.status.problem = problem
        (log.info if problem is None else log.warning)("views", problem=problem)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
