"""Builds a new generation of keys from the topics, and lets readers see it when it is whole.

Meanwhile the former generation is read, and written as ever where it can be gone on from. First the compacted topics
are read, then the changes: a change of long ago, of a contact without a row, is of one that was erased. What came in
meanwhile is read in ever shorter passes.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple, NoReturn

import structlog
from aiokafka import TopicPartition

from connectors.redis.connection import RedisClient, Script
from streams.clock import now_ms
from streams.errors import RebuildRuns, RedisUnavailable
from streams.kafka.clients import broker_errors, fetch_partitions
from streams.kafka.protocols import Consumer
from streams.kafka.reader import (
    FetchedRecords,
    Offsets,
    fetch_end_offsets,
    open_consumer,
    read_by_time_to_end,
    read_partitions_to_end,
)
from streams.progress import ProgressCallback, ignore_progress
from streams.settings import Settings
from streams.views.deployment import Deployment, read_deployment
from streams.views.keys import DeploymentKeys
from streams.views.models.operation import LIVE, Reach, rebuild_reach
from streams.views.progress import PartitionPosition, RebuildState, encode_state, read_rebuild
from streams.views.retention import TopicRetention, all_generations, read_retention, unlink_generation
from streams.views.topics import HISTORY, TABLES, Router
from streams.views.writer import ViewWriter, WentBack

GRACE_SECONDS = 10.0
"""How long the keys of the former generation stay: readers look every second which one they read."""

_LOCK_MS = 15_000
_RENEW_SECONDS = 1.0
_SHORT_PASS = 5_000
_MOST_PASSES = 20
_MAX_RECORDS = 10_000
_FETCH_BYTES = 4 << 20

_RENEW = Script("""
-- KEYS[1]: the rebuild. ARGV: its owner, the new text, ms. Answer: 0 where it is another's, -1 where it is nobody's.
local text = redis.call('GET', KEYS[1])
if not text then return -1 end
if not text:find(ARGV[1], 1, true) then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
""")

_PUBLISH = Script("""
-- KEYS[1]: the deployment. ARGV: its fields, the generation first. Answer: 0 where readers see a later one already.
local shown = redis.call('HGET', KEYS[1], 'generation')
if shown and tonumber(shown) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
""")

log = structlog.get_logger()


def _open(settings: Settings) -> AbstractAsyncContextManager[Consumer]:
    return open_consumer(settings.bootstrap, "leadstream-views", fetch_bytes=_FETCH_BYTES)


class _Target(NamedTuple):
    """What reads, what turns records into operations, and what they are applied to."""

    consumer: Consumer
    writer: ViewWriter
    router: Router


class Rebuild:
    """One rebuild. Methods raise RedisUnavailable, RedisRefused, BrokerUnavailable, TopicsMissing, RebuildRuns."""

    def __init__(
        self, settings: Settings, client: RedisClient, on_progress: ProgressCallback = ignore_progress
    ) -> None:
        self._settings = settings
        self._client = client
        self._keys = DeploymentKeys(settings.prefix)
        self._on_progress = on_progress
        self._owner = uuid.uuid4().hex
        self._state = RebuildState(self._owner, 0, 0)
        self._first_written: dict[TopicPartition, int] = {}

    async def run(self) -> Deployment:
        """Builds a generation; returns what readers see from then on."""
        retention = await read_retention(self._settings)
        # The clock numbers generations, so that no two are the same even when Redis forgets which there were.
        before = await read_deployment(self._client, self._keys)
        generation = max(now_ms(), before.generation + 1 if before else 0)
        async with self._lock(generation), _open(self._settings) as consumer:
            try:
                await self._unlink_abandoned(before.generation if before else 0)
                with broker_errors(self._settings.bootstrap):
                    return await self._keeping_lock(self._build(consumer, generation, retention))
            except WentBack as error:
                raise RedisUnavailable("the rebuild was interrupted: Redis lost a part of it; try again") from error

    async def unlink_others(self, current: int) -> int:
        """Takes the keys of all generations but `current` away; returns how many.

        Call it when readers have seen that one for GRACE_SECONDS. It does nothing while a rebuild runs, or where
        readers see another one.
        """
        # In this order: the generation of a rebuild that ended meanwhile is the one that readers see.
        numbers = await all_generations(self._client, self._keys)
        rebuild = await read_rebuild(self._client, self._keys)
        deployment = await read_deployment(self._client, self._keys)
        count = 0
        if rebuild is None and deployment is not None and deployment.generation == current:
            for number in numbers:
                if number != current:
                    async for portion in unlink_generation(self._client, self._keys, number):
                        count += portion
                        self._on_progress("taking former keys away", count, 0)
        return count

    async def _unlink_abandoned(self, current: int) -> None:
        """Takes away what rebuilds left that did not end: a Redis may have no room for it beside this one."""
        for number in await all_generations(self._client, self._keys):
            if number > current:
                async for _ in unlink_generation(self._client, self._keys, number):
                    await self._renew()

    async def _build(self, consumer: Consumer, generation: int, retention: TopicRetention) -> Deployment:
        names = [self._settings.prefix + topic.name for topic in (*TABLES, *HISTORY)]
        partitions = await fetch_partitions(self._settings.bootstrap, names)
        tables = [each for topic in TABLES for each in partitions[self._settings.prefix + topic.name]]
        history = [each for topic in HISTORY for each in partitions[self._settings.prefix + topic.name]]
        router = Router(self._settings, retention.changes)
        writer = ViewWriter(self._client, self._keys, generation)
        target = _Target(consumer, writer, router)
        await self._client.execute("SADD", self._keys.generations, generation)
        starts = await consumer.beginning_offsets([*tables, *history])
        ends = dict(await fetch_end_offsets(consumer, [*tables, *history]))
        total = sum(ends[each] - starts[each] for each in ends)
        self._state = RebuildState(self._owner, generation, now_ms(), 0, total)
        past = rebuild_reach(now_ms(), retention.tombstones)
        for stage, reach in ((tables, LIVE), (history, past)):
            await self._read(target, stage, starts, ends, reach)
        for _ in range(_MOST_PASSES):
            starts, ends = ends, dict(await fetch_end_offsets(consumer, [*tables, *history]))
            ends = {each: max(end, starts[each]) for each, end in ends.items()}
            length = sum(ends[each] - starts[each] for each in ends)
            await self._read(target, [*tables, *history], starts, ends, LIVE)
            if length <= _SHORT_PASS:
                break
        await writer.advance({router.partition_name(each): end for each, end in ends.items()})
        begins = await consumer.beginning_offsets(history)
        deployment = self._deployment(generation, retention, [each for each in history if begins[each] > 0])
        await self._publish(deployment, router, ends)
        return deployment

    def _deployment(self, generation: int, retention: TopicRetention, cut: Sequence[TopicPartition]) -> Deployment:
        now = now_ms()
        if cut:  # all is known from when the latest of them begins
            since = max(self._first_written.get(each, now) for each in cut)
        else:
            since = min(self._first_written.values(), default=now)
        return Deployment(generation, now, since, not cut, retention.changes)

    async def _read(
        self, target: _Target, partitions: Sequence[TopicPartition], starts: Offsets, ends: Offsets, reach: Reach
    ) -> None:
        """Applies the records of partitions from `starts` up to `ends`."""
        open_partitions = [each for each in partitions if starts[each] < ends[each]]
        if not open_partitions:
            return
        done = self._state.done
        at = {each: starts[each] for each in open_partitions}
        # The next records are fetched and read while Redis takes the ones before.
        applying = asyncio.create_task(asyncio.sleep(0))
        try:
            async for slices in self._slices(target.consumer, open_partitions, starts, ends):
                for partition, records in slices.items():
                    place = TopicPartition(partition.topic, partition.partition)
                    self._first_written.setdefault(place, records[0].timestamp)
                    at[place] = records[-1].offset + 1
                batch = target.router.batch(slices, reach)
                await applying
                self._note(done + sum(at[each] - starts[each] for each in at))
                applying = asyncio.create_task(target.writer.apply(batch))
            await applying
        finally:
            applying.cancel()
            await asyncio.gather(applying, return_exceptions=True)
        self._note(done + sum(ends[each] - starts[each] for each in open_partitions))

    async def _slices(
        self, consumer: Consumer, partitions: Sequence[TopicPartition], starts: Offsets, ends: Offsets
    ) -> AsyncIterator[FetchedRecords]:
        """The next records of partitions; changes in the order of their writing, as feeds have them."""
        history = {self._settings.prefix + topic.name for topic in HISTORY}
        if any(each.topic in history for each in partitions):
            async for slices in read_by_time_to_end(
                consumer, partitions, ends=ends, starts=starts, max_records=_MAX_RECORDS
            ):
                yield slices
            return
        async for partition, records in read_partitions_to_end(
            consumer, partitions, ends=ends, starts=starts, max_records=_MAX_RECORDS
        ):
            yield {partition: records}

    async def _publish(self, deployment: Deployment, router: Router, ends: Offsets) -> None:
        progress: list[str | bytes] = []
        for partition, end in ends.items():
            progress += [
                router.partition_name(partition),
                encode_state(PartitionPosition(end, end, deployment.built, deployment.built)),
            ]
        await self._client.execute("SADD", self._keys.generations, deployment.generation)
        await self._client.execute("HSET", self._keys.progress(deployment.generation), *progress)
        await self._renew()  # whoever takes keys of no rebuild away may have taken these, if its lock was lost
        if not await self._client.run(_PUBLISH, [self._keys.deployment], deployment.fields()):
            raise RebuildRuns("another process has built the read models anew meanwhile; readers see those")

    @asynccontextmanager
    async def _lock(self, generation: int) -> AsyncIterator[None]:
        self._state = RebuildState(self._owner, generation, now_ms())
        text = encode_state(self._state)
        if not await self._client.execute("SET", self._keys.rebuild, text, "NX", "PX", _LOCK_MS):
            other = await read_rebuild(self._client, self._keys)
            where = f": {100 * other.done // max(other.total, 1)} % done" if other else ""
            raise RebuildRuns(f"another process rebuilds the read models{where}; let it finish")
        try:
            yield
        finally:
            try:
                await self._client.run(_RENEW, [self._keys.rebuild], [self._owner, "", 0])
            except RedisUnavailable as error:
                log.warning("rebuild", problem=f"its lock stays until it expires: {error}")

    async def _keeping_lock(self, build: Coroutine[Any, Any, Deployment]) -> Deployment:
        """What the build gives; it is ended when the lock is lost."""
        is_over = asyncio.Event()
        building, keeping = asyncio.create_task(build), asyncio.create_task(self._keep_lock(is_over))
        try:
            await asyncio.wait([building, keeping], return_when=asyncio.FIRST_COMPLETED)
            return await (building if building.done() else keeping)
        finally:
            is_over.set()
            for task in (building, keeping):
                task.cancel()
            await asyncio.gather(building, keeping, return_exceptions=True)

    async def _keep_lock(self, is_over: asyncio.Event) -> NoReturn:
        """Renews the lock though the build waits for the broker, for a transaction that is open perhaps."""
        while not is_over.is_set():  # redis-py may lose a cancellation while it connects
            await asyncio.sleep(_RENEW_SECONDS)
            await self._renew()
        raise asyncio.CancelledError

    def _note(self, done: int) -> None:
        """Shows progress, which the next renewal tells others."""
        state = self._state
        self._state = RebuildState(self._owner, state.generation, state.started, done, max(state.total, done))
        self._on_progress("building the read models", done, self._state.total)

    async def _renew(self) -> None:
        """Keeps others from rebuilding. Raises RebuildRuns, and RedisUnavailable where Redis has no lock any more."""
        arguments: list[str | bytes | int] = [self._owner, encode_state(self._state), _LOCK_MS]
        answer = await self._client.run(_RENEW, [self._keys.rebuild], arguments)
        if answer == 0:
            raise RebuildRuns(
                "another process rebuilds the read models by now, since this one was slow; let it finish"
            )
        if answer < 0:
            raise RedisUnavailable("the rebuild was interrupted: Redis lost a part of it; try again")
