"""Keeps the read models up to date: the consumer group of their Redis.

Where to read on stands in Redis, beside the data; the group only shares the partitions out. What goes wrong with
Redis ends a session: the next one begins with what is there then. Meanwhile nothing is fetched, and nothing else
waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError, InvalidSessionTimeoutError, KafkaError

from connectors.redis.connection import RedisClient, open_redis
from streams.clock import now_ms
from streams.errors import BrokerUnavailable, RebuildRuns, RedisRefused, RedisUnavailable
from streams.kafka.protocols import Consumer, TopicPartitionLike
from streams.kafka.reader import stop_consumer
from streams.kafka.refusals import refusal_of_setting
from streams.kafka.view_groups import is_embedded, view_group_id
from streams.runtime.process.duplicate_workers import FencingDiagnosis, new_client_id
from streams.settings import Settings
from streams.views.continuity import generation_problem, position_problem, tombstone_problem
from streams.views.deployment import read_deployment
from streams.views.keys import DeploymentKeys
from streams.views.membership import Assignment, await_duplicate, process_assignor
from streams.views.progress import PartitionPosition, encode_state, read_positions
from streams.views.rebuild import GRACE_SECONDS, Rebuild
from streams.views.retention import read_retention, trim_feeds
from streams.views.topics import VIEW_TOPICS, Router
from streams.views.writer import ViewWriter, WentBack

POLL_MS = 200
MAX_RECORDS = 5_000
GENERATION_SECONDS = 0.5
PROGRESS_SECONDS = 1.0
ADVANCE_SECONDS = 5.0
TRIM_SECONDS = 60.0
RETENTION_SECONDS = 60.0
PATIENCE_SECONDS = 30.0
HEARTBEAT_MS = 1_000
"""The longest pause between two heartbeats: by them a member finds out that another process has its name."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
REFUSED_PAUSE_SECONDS = 30.0

# While Redis is away nothing is fetched, perhaps for hours; heartbeats show that the process is alive.
_NOT_FETCHING_MS = 86_400_000

log = structlog.get_logger()


@dataclass
class ViewsStatus:
    """How the consumer of a process is: its group; since when (ms) it applies outputs or waits for Redis; what is
    wrong.
    """

    group: str
    ready_since: int | None = None
    problem: str | None = None
    positions: dict[str, PartitionPosition] = field(default_factory=dict)
    """`topic:partition` of those that are its own to how far they are applied."""


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


class _SessionOver(Exception):
    """The keys are another generation's, or others' partitions; or what is there cannot be gone on from."""


class ViewConsumer:
    """A member of the group; `run` ends after `stop`. `status` tells others how it is."""

    def __init__(self, settings: Settings, redis_url: str) -> None:
        self._settings = settings
        self._redis_url = redis_url
        self._keys = DeploymentKeys(settings.prefix)
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
                    session = _Session(
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
            except _SessionOver as end:
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


class _Session:
    """As long as Redis answers and the keys and partitions stay the same."""

    def __init__(
        self,
        settings: Settings,
        client: RedisClient,
        consumer: Consumer,
        assignment: Assignment,
        *,
        status: ViewsStatus,
        stopping: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._stopping = stopping
        self._status = status
        self._client = client
        self._consumer = consumer
        self._assignment = assignment
        self._assignment_number = -1
        self._keys = DeploymentKeys(settings.prefix)
        self._caught_up: dict[str, int] = {}
        self._due = dict.fromkeys(("generation", "progress", "advance", "trim"), 0.0)
        self._due["retention"] = asyncio.get_running_loop().time() + RETENTION_SECONDS
        self._background: set[asyncio.Task[object]] = set()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Finds the generation to write into. Raises _SessionOver after it built one, since none would do."""
        self._retention = await read_retention(self._settings)
        self._router = Router(self._settings, self._retention.changes)
        deployment = await read_deployment(self._client, self._keys)
        problem = generation_problem(deployment, self._retention)
        if deployment is None or problem is not None:
            raise await self._rebuild(problem or "")
        self._deployment = deployment
        self._writer = ViewWriter(self._client, self._keys, deployment.generation)
        self._background.add(asyncio.create_task(self._unlink_others()))
        try:
            yield
        finally:
            for task in self._background:
                task.cancel()
            await asyncio.gather(*self._background, return_exceptions=True)

    async def run_once(self) -> None:
        """Fetches and applies once. Raises _SessionOver, WentBack, RedisUnavailable, RedisRefused, KafkaError."""
        if self._assignment_number != self._assignment.number:
            await self._seek()
        number = self._assignment_number
        fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_RECORDS)
        if number != self._assignment.number:
            return  # these records are another member's now, or come again
        await self._require_generation()
        if fetched:
            await self._writer.apply(self._router.batch(fetched))
        await self._look_after()

    async def _rebuild(self, why: str) -> _SessionOver:
        """Builds a generation; returns what ends this session then."""
        log.info("views", rebuild=why)
        building = asyncio.create_task(Rebuild(self._settings, self._client).run())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([building, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not building.done():  # that may take an hour, and a worker stops within seconds
                building.cancel()
                await asyncio.wait([building])
        if building.cancelled():
            raise _SessionOver("stopped before the read models were whole")
        return _SessionOver(f"generation {building.result().generation} is built")

    async def _unlink_others(self) -> None:
        """Also what a rebuild left that was killed: a contact that is erased must not stay in it."""
        while True:
            await asyncio.sleep(GRACE_SECONDS)
            try:
                await Rebuild(self._settings, self._client).unlink_others(self._deployment.generation)
            except (RedisUnavailable, RedisRefused) as error:
                log.debug("views", problem=f"keys of other generations stay for now: {error}")

    async def _seek(self) -> None:
        """Lets each partition that is ours now start where Redis says."""
        number = self._assignment.number
        partitions = list(self._consumer.assignment())
        await self._writer.load()
        stored = await read_positions(self._client, self._keys, self._deployment.generation)
        names = {self._router.partition_name(each): each for each in partitions}
        positions = self._writer.start_positions(
            {name: stored[name].position if name in stored else 0 for name in names}
        )
        begins, ends = (
            {name: bound[each] for name, each in names.items()} for bound in await self._bounds(partitions)
        )
        now = now_ms()
        self._caught_up = {name: stored[name].caught_up if name in stored else now for name in names}
        problem = position_problem(positions, begins, ends, is_progress_there=bool(stored))
        # Of a partition without a record no account has an offset.
        begun = [name for name in names if name in stored and stored[name].position > 0]
        if self._client.is_cluster and (lost := self._writer.lost_accounts(begun)):
            problem = f"{len(lost)} accounts have no offsets: a server of the cluster may have lost them"
        if self._client.is_cluster and await self._writer.has_lost_accounts():
            problem = "a server of the cluster has lost which accounts there are"
        problem = problem or tombstone_problem(self._caught_up, self._retention)
        if problem is not None:
            raise await self._rebuild(problem)
        if number != self._assignment.number:
            return
        for name, partition in names.items():
            self._consumer.seek(partition, positions[name])
        self._assignment_number = number

    async def _look_after(self) -> None:
        """Does what is due: progress, offsets of idle accounts, retention. Raises _SessionOver after a rebuild."""
        now = asyncio.get_running_loop().time()
        if self._is_due("progress", now, PROGRESS_SECONDS):
            await self._write_progress(now)
        if self._is_due("trim", now, TRIM_SECONDS) and self._retention.changes >= 0:
            horizon = now_ms() - self._retention.changes
            await trim_feeds(self._client, self._keys, self._deployment.generation, max(horizon, 0))
        if self._is_due("retention", now, RETENTION_SECONDS):
            self._retention = await read_retention(self._settings)
            problem = generation_problem(self._deployment, self._retention)
            if problem is not None:
                raise await self._rebuild(problem)

    async def _require_generation(self) -> None:
        """Looks from time to time whether readers see what is written. Raises _SessionOver, WentBack."""
        if self._is_due("generation", asyncio.get_running_loop().time(), GENERATION_SECONDS):
            deployment = await read_deployment(self._client, self._keys)
            if deployment is None:
                raise WentBack("Redis has no read models any more")
            if deployment.generation != self._deployment.generation:
                raise _SessionOver(f"generation {deployment.generation} is whole")

    def _is_due(self, what: str, now: float, seconds: float) -> bool:
        if now < self._due[what]:
            return False
        self._due[what] = now + seconds
        return True

    async def _write_progress(self, now: float) -> None:
        partitions = list(self._consumer.assignment())
        number = self._assignment.number
        positions = {each: await self._consumer.position(each) for each in partitions}
        _, ends = await self._bounds(partitions)
        if number != self._assignment.number or number != self._assignment_number:
            return
        at = now_ms()
        by_name = {self._router.partition_name(each): position for each, position in positions.items()}
        if self._is_due("advance", now, ADVANCE_SECONDS):
            await self._writer.advance(by_name)
            await self._commit(positions, number)
        states: dict[str, PartitionPosition] = {}
        for partition, position in positions.items():
            name = self._router.partition_name(partition)
            if position >= ends[partition]:
                self._caught_up[name] = at
            states[name] = PartitionPosition(position, ends[partition], at, self._caught_up[name])
        self._status.positions = states
        fields = [each for name, state in states.items() for each in (name, encode_state(state))]
        if fields:
            await self._client.execute("HSET", self._keys.progress(self._deployment.generation), *fields)
        problem = tombstone_problem({name: self._caught_up[name] for name in by_name}, self._retention)
        if problem is not None:
            raise await self._rebuild(problem)

    async def _commit(self, positions: Mapping[TopicPartitionLike, int], number: int) -> None:
        """Shows Kafka's tools how far the group is; nobody reads on from there."""
        try:
            if number == self._assignment.number:
                await self._consumer.commit(positions)
        except (CommitFailedError, IllegalStateError) as error:
            log.debug("views", commit=type(error).__name__)

    async def _bounds(
        self, partitions: list[TopicPartitionLike]
    ) -> tuple[dict[TopicPartitionLike, int], dict[TopicPartitionLike, int]]:
        """Where partitions begin and end."""
        if not partitions:
            return {}, {}
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return (
                    await self._consumer.beginning_offsets(partitions),
                    await self._consumer.end_offsets(partitions),
                )
        except TimeoutError as error:
            raise BrokerUnavailable(
                f"the output topics do not say within {PATIENCE_SECONDS:g} s where they end; does every broker run?"
            ) from error
