"""A generation of keys says what the topics say, though its rebuild dies at the swap, runs into transactions that are
open, or the topics keep changes for another time by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from connectors.redis.connection import Argument, RedisClient, Script, open_redis
from schemas.values import instant_text
from streams.clock import now_ms
from streams.errors import RebuildRuns, RedisUnavailable
from streams.views import rebuild as rebuild_module
from streams.views import session as session_module
from streams.views.consumer import ViewConsumer
from streams.views.deployment import Deployment, read_deployment
from streams.views.keys import DeploymentKeys
from streams.views.progress import RebuildState, encode_state, read_positions, read_progress, read_rebuild
from streams.views.rebuild import Rebuild
from streams.views.retention import all_generations
from tests.harness.deployment.counting_deployment import wait_until
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.view_deployment import ViewDeployment

DAY_MS = 86_400_000


@pytest.fixture
def deployment(kafka: str, prefix: str, tmp_path: Path) -> Iterator[ViewDeployment]:
    with (
        DurableRedis(tmp_path / "redis") as server,
        ViewDeployment(kafka, prefix, server.url, tmp_path) as deployment,
    ):
        yield deployment


async def test_a_rebuild_that_dies_at_the_swap_leaves_nothing_out_of_the_former_generation(
    deployment: ViewDeployment,
) -> None:
    keys = DeploymentKeys(deployment.settings.prefix)
    async with open_redis(deployment.redis_url) as client:
        before = await Rebuild(deployment.settings, client).run()  # of empty topics: no account has offsets
        deployment.write(100)
        with pytest.raises(RedisUnavailable, match="died"):
            await Rebuild(deployment.settings, _DiesAtTheSwap(client, keys.deployment)).run()
        assert await read_deployment(client, keys) == before
        assert {each.position for each in (await read_progress(client, keys)).partitions} == {0}
    deployment.start_consumer()
    deployment.wait_until_equal()


async def test_keys_of_other_generations_go_once_readers_see_the_new_one_and_no_rebuild_runs(
    deployment: ViewDeployment,
) -> None:
    keys = DeploymentKeys(deployment.settings.prefix)
    deployment.write(20)
    async with open_redis(deployment.redis_url) as client:
        work = Rebuild(deployment.settings, client)
        former = (await work.run()).generation
        current = (await work.run()).generation
        with pytest.raises(RedisUnavailable, match="died"):
            await Rebuild(deployment.settings, _DiesAtTheSwap(client, keys.deployment)).run()
        numbers = await all_generations(client, keys)
        assert len(numbers) == 3
        assert await work.unlink_others(former) == 0
        state = encode_state(RebuildState("another", numbers[-1], now_ms()))
        await client.execute("SET", keys.rebuild, state)
        assert await work.unlink_others(current) == 0
        assert await all_generations(client, keys) == numbers
        await client.execute("DEL", keys.rebuild)
        assert await work.unlink_others(current) > 0
        assert await all_generations(client, keys) == [current]
        left = [key.decode() async for portion in client.scan(f"{keys.prefix}leadstream:*") for key in portion]
        assert not [key for key in left if str(former) in key or str(numbers[-1]) in key]


@pytest.mark.parametrize("owner", ["another", None])
async def test_a_rebuild_that_lost_its_lock_is_not_shown(deployment: ViewDeployment, owner: str | None) -> None:
    """Its process stood still, and its keys may be gone."""
    keys = DeploymentKeys(deployment.settings.prefix)
    deployment.write(20)
    async with open_redis(deployment.redis_url) as client:

        async def lose_lock() -> None:
            if owner is None:
                await client.execute("DEL", keys.rebuild)
            else:
                await client.execute("SET", keys.rebuild, encode_state(RebuildState(owner, 1, 1)))

        with pytest.raises(RebuildRuns if owner else RedisUnavailable):
            await Rebuild(deployment.settings, _Interrupted(client, ":progress:", lose_lock)).run()
        assert await read_deployment(client, keys) is None


async def test_a_rebuild_ends_though_the_renewal_of_its_lock_loses_the_cancellation(
    deployment: ViewDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose_a_cancellation(_rebuild: Rebuild) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return  # as redis-py may, while it connects

    async def build(_rebuild: Rebuild, *_: object) -> Deployment:
        await asyncio.sleep(0.05)  # the lock is being renewed
        return Deployment(1, 0, 0, is_complete=True, retention=0)

    monkeypatch.setattr(rebuild_module, "_RENEW_SECONDS", 0.0)
    monkeypatch.setattr(Rebuild, "_renew", lose_a_cancellation)
    monkeypatch.setattr(Rebuild, "_build", build)
    async with open_redis(deployment.redis_url) as client, asyncio.timeout(30):
        assert (await Rebuild(deployment.settings, client).run()).generation == 1


async def test_the_first_changes_of_a_contact_whose_row_is_not_visible_yet_are_in_its_timeline(
    deployment: ViewDeployment,
) -> None:
    """The marker that ends a transaction reaches one partition later than another."""
    deployment.write(60)
    at = instant_text(now_ms())
    number = {"partition": 0, "offset": 0, "ordinal": 0}
    body = {"account": "default", "contact": "ada", "at": at, "number": number}
    change = {**body, "type": "segment.entered", "id": "first", "segment": "hot"}
    row = {**body, "type": "contact", "status": "active", "created": at}
    async with open_redis(deployment.redis_url) as client, _transaction(deployment, "a") as rows:
        await _send(rows, deployment, "contacts", row)
        async with _transaction(deployment, "b") as changes:
            await _send(changes, deployment, "segment-changes", change)
        await Rebuild(deployment.settings, client).run()
    deployment.start_consumer()
    expected = deployment.wait_until_equal()
    assert expected["default"]["timelines"]["ada"] == [msgspec.json.encode(change).decode()]


async def test_topics_that_keep_changes_for_another_time_have_the_models_built_anew(
    deployment: ViewDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "RETENTION_SECONDS", 0.5)
    may_publish = asyncio.Event()
    may_publish.set()
    publish = Rebuild._publish

    async def publish_when_allowed(rebuild: Rebuild, *arguments: Any) -> None:
        await may_publish.wait()
        await publish(rebuild, *arguments)

    monkeypatch.setattr(Rebuild, "_publish", publish_when_allowed)
    keys = DeploymentKeys(deployment.settings.prefix)
    deployment.write(60)
    consumer = ViewConsumer(deployment.settings, deployment.redis_url)
    running = asyncio.create_task(consumer.run())
    async with open_redis(deployment.redis_url) as client:

        async def shown() -> Deployment | None:
            return await read_deployment(client, keys)

        async def keeps(length: int) -> bool:
            deployment = await shown()
            return deployment is not None and deployment.retention == length

        async def applied(generation: int) -> int:
            """Offsets in all; 0 while something is left."""
            positions = (await read_positions(client, keys, generation)).values()
            return sum(each.position for each in positions if all(every.position == every.end for every in positions))

        async def is_building() -> bool:
            return await read_rebuild(client, keys) is not None

        async def is_applied_beside() -> bool:
            return await applied(former) > before

        await wait_until(lambda: keeps(7 * DAY_MS), "built")
        first = await shown()
        assert first is not None
        former = first.generation
        before = await applied(former)
        assert before > 0
        may_publish.clear()
        await _keep_changes(deployment, 2 * DAY_MS)
        await wait_until(is_building, "a build")
        await asyncio.to_thread(deployment.write, 60)
        await wait_until(is_applied_beside, "outputs in the models that are read")
        may_publish.set()
        await wait_until(lambda: keeps(2 * DAY_MS), "built anew")
        second = await shown()
        assert second is not None
        assert second.generation > former
        own = keys.generation("default", second.generation)
        timelines = [key async for portion in client.scan(own.timeline("*")) for key in portion]
        assert timelines
        for each in timelines:
            newest = int(float((await client.execute("ZRANGE", each, -1, -1, "WITHSCORES"))[1]))
            assert await client.execute("PEXPIRETIME", each) == newest + 2 * DAY_MS
        await asyncio.to_thread(deployment.wait_until_equal)
    consumer.stop()
    await running


class _DiesAtTheSwap:
    """A client that sends nothing that writes the key, and says so."""

    def __init__(self, client: RedisClient, key: str) -> None:
        self._client = client
        self._key = key

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def execute(self, *command: Argument) -> Any:
        if command[:2] == ("HSET", self._key):
            raise RedisUnavailable("died")
        return await self._client.execute(*command)

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        if self._key in keys:
            raise RedisUnavailable("died")
        return await self._client.run(script, keys, arguments)


class _Interrupted:
    """A client that does something else before a command on a key with `key_part`."""

    def __init__(self, client: RedisClient, key_part: str, act: Callable[[], Awaitable[None]]) -> None:
        self._client = client
        self._key_part = key_part
        self._act = act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def execute(self, *command: Argument) -> Any:
        if self._key_part in str(command[1]):
            await self._act()
        return await self._client.execute(*command)


@asynccontextmanager
async def _transaction(deployment: ViewDeployment, name: str) -> AsyncIterator[Any]:
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=deployment.settings.bootstrap, transactional_id=f"{deployment.settings.prefix}{name}"
    )
    await producer.start()
    try:
        async with producer.transaction():
            yield producer
    finally:
        await producer.stop()


async def _send(producer: Any, deployment: ViewDeployment, topic: str, value: dict[str, Any]) -> None:
    key = f"{value['account']}/{value['contact']}".encode()
    await producer.send_and_wait(
        deployment.settings.prefix + topic, msgspec.json.encode(value), key, partition=0, timestamp_ms=now_ms()
    )


async def _keep_changes(deployment: ViewDeployment, length: int) -> None:
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=deployment.settings.bootstrap)
    await admin.start()
    try:
        await admin.alter_configs(
            [
                ConfigResource(
                    ConfigResourceType.TOPIC,
                    deployment.settings.prefix + topic,
                    configs={"retention.ms": str(length), "cleanup.policy": "delete"},
                )
                for topic in ("segment-changes", "lead-changes")
            ]
        )
    finally:
        await admin.close()
