"""A session of the consumer: what it applies to one generation of keys, and what it looks after meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import structlog
from aiokafka.errors import CommitFailedError, IllegalStateError

from connectors.redis.connection import RedisClient
from streams.clock import now_ms
from streams.errors import BrokerUnavailable, RebuildRuns, RedisRefused, RedisUnavailable
from streams.kafka.protocols import Consumer, TopicPartitionLike
from streams.settings import Settings
from streams.views.continuity import generation_problem, position_problem, tombstone_problem
from streams.views.deployment import Deployment, read_deployment
from streams.views.keys import DeploymentKeys
from streams.views.membership import Assignment
from streams.views.progress import CatchUp, PartitionPosition, read_positions
from streams.views.rebuild import GRACE_SECONDS, Rebuild
from streams.views.retention import read_retention, trim_feeds
from streams.views.status import ViewsStatus
from streams.views.topics import Router
from streams.views.writer import ViewWriter, WentBack

POLL_MS = 200
MAX_RECORDS = 5_000
GENERATION_SECONDS = 0.5
PROGRESS_SECONDS = 1.0
ADVANCE_SECONDS = 5.0
TRIM_SECONDS = 60.0
RETENTION_SECONDS = 60.0
PATIENCE_SECONDS = 30.0

log = structlog.get_logger()


class SessionOver(Exception):
    """The keys are another generation's, or others' partitions; or what is there cannot be gone on from."""


class ViewSession:
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
        self._catch_up = CatchUp({})
        self._due = dict.fromkeys(("generation", "progress", "advance", "trim"), 0.0)
        self._due["retention"] = asyncio.get_running_loop().time() + RETENTION_SECONDS
        self._building: asyncio.Task[Deployment] | None = None

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Finds the generation to write into. Raises SessionOver after it built one, since there was none."""
        self._retention = await read_retention(self._settings)
        deployment = await read_deployment(self._client, self._keys)
        problem = generation_problem(deployment, self._retention)
        if deployment is None:
            raise await self._rebuild(problem or "")
        self._deployment = deployment
        self._router = Router(self._settings, deployment.retention)
        self._writer = ViewWriter(self._client, self._keys, deployment.generation)
        unlinking = asyncio.create_task(self._unlink_others())
        if problem is not None:
            self._build_beside(problem)
        try:
            yield
        finally:
            tasks = [unlinking] if self._building is None else [unlinking, self._building]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def run_once(self) -> None:
        """Fetches and applies once. Raises SessionOver, WentBack, RedisUnavailable, RedisRefused, KafkaError."""
        if self._building is not None and self._building.done():
            self._end_build()
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

    def _build_beside(self, why: str) -> None:
        """Builds a generation while outputs go on into the one that readers see."""
        if self._building is None:
            self._building = self._begin_build(why)

    def _begin_build(self, why: str) -> asyncio.Task[Deployment]:
        log.info("views", rebuild=why)
        return asyncio.create_task(Rebuild(self._settings, self._client).run())

    def _end_build(self) -> None:
        """Raises SessionOver when readers see what was built, and what kept it from being built."""
        assert self._building is not None
        building, self._building = self._building, None
        try:
            generation = building.result().generation
        except RebuildRuns as error:  # when that one is whole, this session ends
            log.debug("views", rebuild=str(error))
        else:
            raise SessionOver(f"generation {generation} is built")

    async def _rebuild(self, why: str) -> SessionOver:
        """Builds a generation while nothing is applied; returns what ends this session then."""
        self._status.rebuild = why
        building, self._building = self._building or self._begin_build(why), None
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([building, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._status.rebuild = None
            stopping.cancel()
            if not building.done():  # that may take an hour, and a worker stops within seconds
                building.cancel()
                await asyncio.wait([building])
        if building.cancelled():
            raise SessionOver("stopped before the read models were whole")
        return SessionOver(f"generation {building.result().generation} is built")

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
        self._catch_up = CatchUp({name: stored[name].caught_up if name in stored else now for name in names})
        problem = position_problem(positions, begins, ends, is_progress_there=bool(stored))
        # Of a partition without a record no account has an offset.
        begun = [name for name in names if name in stored and stored[name].position > 0]
        if self._client.is_cluster and (lost := self._writer.lost_accounts(begun)):
            problem = f"{len(lost)} accounts have no offsets: a server of the cluster may have lost them"
        if self._client.is_cluster and await self._writer.has_lost_accounts():
            problem = "a server of the cluster has lost which accounts there are"
        problem = problem or tombstone_problem(self._catch_up.instants, self._retention)
        if problem is not None:
            raise await self._rebuild(problem)
        if number != self._assignment.number:
            return
        for name, partition in names.items():
            self._consumer.seek(partition, positions[name])
        self._assignment_number = number

    async def _look_after(self) -> None:
        """Does what is due: progress, offsets of idle accounts, retention. Raises SessionOver after a rebuild that
        had to come first.
        """
        now = asyncio.get_running_loop().time()
        if self._is_due("progress", now, PROGRESS_SECONDS):
            await self._write_progress(now)
        if self._is_due("trim", now, TRIM_SECONDS) and self._deployment.retention >= 0:
            horizon = now_ms() - self._deployment.retention
            await trim_feeds(self._client, self._keys, self._deployment.generation, max(horizon, 0))
        if self._is_due("retention", now, RETENTION_SECONDS):
            self._retention = await read_retention(self._settings)
            problem = generation_problem(self._deployment, self._retention)
            if problem is not None:
                self._build_beside(problem)

    async def _require_generation(self) -> None:
        """Looks from time to time whether readers see what is written. Raises SessionOver, WentBack."""
        if self._is_due("generation", asyncio.get_running_loop().time(), GENERATION_SECONDS):
            deployment = await read_deployment(self._client, self._keys)
            if deployment is None:
                raise WentBack("Redis has no read models any more")
            if deployment.generation != self._deployment.generation:
                if self._building is not None:  # it ends now: this is its generation, or another's, who has its lock
                    await asyncio.wait([self._building])
                raise SessionOver(f"generation {deployment.generation} is whole")

    def _is_due(self, what: str, now: float, seconds: float) -> bool:
        if now < self._due[what]:
            return False
        self._due[what] = now + seconds
        return True

    async def _write_progress(self, now: float) -> None:
        partitions = list(self._consumer.assignment())
        number = self._assignment.number
        at = now_ms()
        positions = {each: await self._consumer.position(each) for each in partitions}
        _, ends = await self._bounds(partitions)
        if number != self._assignment.number or number != self._assignment_number:
            return
        by_name = {self._router.partition_name(each): position for each, position in positions.items()}
        if self._is_due("advance", now, ADVANCE_SECONDS):
            await self._writer.advance(by_name)
            await self._commit(positions, number)
        states: dict[str, PartitionPosition] = {}
        for partition, position in positions.items():
            name = self._router.partition_name(partition)
            caught_up = self._catch_up.note(name, position, ends[partition], at)
            states[name] = PartitionPosition(position, ends[partition], at, caught_up)
        self._status.positions = states
        await self._writer.write_progress(states)
        problem = tombstone_problem({name: self._catch_up.instants[name] for name in by_name}, self._retention)
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
