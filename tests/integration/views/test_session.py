"""A session of the consumer over topics in memory, in a real server: where it begins, what it applies, its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from connectors.redis.connection import RedisClient, hash_fields, open_redis
from connectors.redis.local import LocalRedis
from schemas.values import instant_text
from streams.clock import now_ms
from streams.kafka.protocols import Consumer, TopicPartitionLike
from streams.settings import Settings
from streams.views import session as session_module
from streams.views.deployment import Deployment
from streams.views.keys import DeploymentKeys
from streams.views.membership import Assignment
from streams.views.progress import PartitionPosition, encode_state, read_positions
from streams.views.rebuild import Rebuild
from streams.views.retention import TopicRetention
from streams.views.session import SessionOver, ViewSession
from streams.views.status import ViewsStatus
from streams.views.writer import WentBack
from tests.harness.views.memory_topics import MemoryTopics, MemoryViewConsumer

KEYS = DeploymentKeys()
OWN = KEYS.generation("default", 7)
DAY = 86_400_000
NOW = now_ms()
CONTACTS = 5


class OpenedViews:
    """A generation that readers see, five contacts on a topic of which nothing is applied, and who consumes them."""

    def __init__(self, client: RedisClient) -> None:
        self.client = client
        self.topics = MemoryTopics()
        self.consumer = MemoryViewConsumer(self.topics)
        self.consumer.assign(self.topics.records)
        self.assignment = Assignment()
        self.retention = TopicRetention(-1, DAY)
        for number in range(CONTACTS):
            value = {"status": "active", "created": instant_text(NOW)}
            self.topics.write("contacts", f"default/c{number}", value, NOW)

    async def show(self, generation: int) -> None:
        """Lets readers see a generation."""
        shown = Deployment(generation, NOW, NOW, is_complete=True, retention=self.retention.changes)
        await self.client.execute("HSET", KEYS.deployment, *shown.fields())

    async def note_progress(self, position: int, caught_up: int = NOW) -> None:
        """What a former session has noted of the contacts, and of all other partitions that they are applied."""
        for topic in self.topics.partitions():
            state = PartitionPosition(position if topic == "contacts" else 0, CONTACTS, NOW, caught_up)
            await self.client.execute("HSET", KEYS.progress(7), f"{topic}:0", encode_state(state))

    def session(self) -> ViewSession:
        """A new one."""
        return ViewSession(
            Settings(),
            self.client,
            cast(Consumer, self.consumer),
            self.assignment,
            status=ViewsStatus("leadstream-views"),
            stopping=asyncio.Event(),
        )

    async def contacts(self) -> list[str]:
        """Those in the read models."""
        return [each.decode() for each in await self.client.execute("ZRANGE", OWN.contacts, 0, -1)]


@pytest.fixture
async def views(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenedViews]:
    async def retention(_settings: Settings) -> TopicRetention:
        return found.retention

    async def build(_rebuild: Rebuild) -> Deployment:
        return Deployment(8, NOW, NOW, is_complete=True, retention=-1)

    with LocalRedis(tmp_path) as server:
        async with open_redis(server.url) as client:
            found = OpenedViews(client)
            await found.show(7)
            monkeypatch.setattr(session_module, "read_retention", retention)
            monkeypatch.setattr(session_module, "GENERATION_SECONDS", 0.0)
            monkeypatch.setattr(Rebuild, "run", build)
            yield found


async def require_rebuild(views: OpenedViews) -> None:
    """A new session builds a generation, since it cannot go on from what is there."""
    session = views.session()
    async with session.opened():
        with pytest.raises(SessionOver, match="generation 8 is built"):
            await session.run_once()


async def test_it_reads_on_from_the_offsets_beside_the_data_and_not_from_the_progress(views: OpenedViews) -> None:
    await views.note_progress(4)
    await views.client.execute("SADD", KEYS.accounts(7), "default")
    await views.client.execute("HSET", OWN.offsets, "contacts:0", 2)
    session = views.session()
    async with session.opened():
        await session.run_once()
    assert views.consumer.seeks["contacts"] == 2
    assert await views.contacts() == ["c2", "c3", "c4"]


async def test_an_account_that_has_no_offsets_begins_where_all_accounts_were(views: OpenedViews) -> None:
    await views.note_progress(3)
    await views.client.execute("SADD", KEYS.accounts(7), "default")
    session = views.session()
    async with session.opened():
        await session.run_once()
    assert views.consumer.seeks["contacts"] == 3


async def test_what_was_fetched_before_a_rebalance_is_not_applied(views: OpenedViews) -> None:
    await views.note_progress(0)
    views.consumer.on_fetch = lambda: views.assignment.on_partitions_revoked(())
    session = views.session()
    async with session.opened():
        await session.run_once()
        assert await views.contacts() == []
        views.consumer.on_fetch = lambda: None
        await session.run_once()
        assert len(await views.contacts()) == CONTACTS


async def test_it_ends_before_it_writes_what_readers_do_not_see_any_more(views: OpenedViews) -> None:
    await views.note_progress(0)
    session = views.session()
    async with session.opened():
        await views.show(8)
        with pytest.raises(SessionOver, match="generation 8 is whole"):
            await session.run_once()
    assert await views.contacts() == []


async def test_at_the_end_of_a_partition_it_is_caught_up(views: OpenedViews) -> None:
    await views.note_progress(0, NOW - 5_000)
    session = views.session()
    async with session.opened():
        await session.run_once()
    noted = (await read_positions(views.client, KEYS, 7))["contacts:0"]
    assert (noted.position, noted.end) == (CONTACTS, CONTACTS)
    assert noted.caught_up == noted.at >= NOW


class ConsumerUnderTraffic(MemoryViewConsumer):
    """A consumer of contacts that come faster than one can apply them and ask for the end."""

    async def end_offsets(self, partitions: Iterable[TopicPartitionLike]) -> dict[TopicPartitionLike, int]:
        """One further than what was applied before."""
        self.topics.write("contacts", "default/next", {"status": "active", "created": instant_text(NOW)}, NOW)
        return await super().end_offsets(partitions)


async def test_a_partition_to_which_records_come_without_a_pause_counts_as_caught_up(
    views: OpenedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = NOW
    monkeypatch.setattr(session_module, "now_ms", lambda: clock)
    monkeypatch.setattr(session_module, "PROGRESS_SECONDS", 0.0)
    views.consumer = ConsumerUnderTraffic(views.topics)
    views.consumer.assign(views.topics.records)
    await views.note_progress(0, NOW - 60_000)
    session = views.session()
    async with session.opened():
        for _ in range(5):
            await session.run_once()
            clock += 1_000
            noted = (await read_positions(views.client, KEYS, 7))["contacts:0"]
            assert noted.position == noted.end - 1
    assert noted.at - noted.caught_up == 1_000


async def test_who_was_away_for_longer_than_tombstones_stay_begins_anew(views: OpenedViews) -> None:
    await views.note_progress(0, NOW - DAY)
    await require_rebuild(views)
    assert await views.contacts() == []


async def test_records_that_were_deleted_before_they_were_applied_are_not_passed_over(views: OpenedViews) -> None:
    await views.note_progress(1)
    views.topics.begins |= {each: 2 for each in views.topics.records if each.topic == "contacts"}
    await require_rebuild(views)


async def test_an_account_of_which_nothing_comes_goes_on_with_the_others(views: OpenedViews) -> None:
    await views.note_progress(0)
    await views.client.execute("SADD", KEYS.accounts(7), "quiet")
    session = views.session()
    async with session.opened():
        await session.run_once()
    offsets = hash_fields(await views.client.execute("HGETALL", KEYS.generation("quiet", 7).offsets))
    assert offsets[b"contacts:0"] == b"5"


class ClientOfCluster:
    """A client that says that its server belongs to a Redis Cluster, of which a server may lose one account alone."""

    is_cluster = True

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


async def test_in_a_cluster_an_account_without_its_offsets_is_built_anew(views: OpenedViews) -> None:
    await views.note_progress(3)
    await views.client.execute("SADD", KEYS.accounts(7), "default", "lost")
    await views.client.execute("HSET", OWN.offsets, "contacts:0", 3)
    views.client = cast(RedisClient, ClientOfCluster(views.client))
    await require_rebuild(views)


async def test_in_a_cluster_a_partition_that_has_no_records_yet_is_nothing_that_an_account_lost(
    views: OpenedViews,
) -> None:
    await views.note_progress(3)
    await views.client.execute("SADD", KEYS.accounts(7), "default")
    await views.client.execute("HSET", OWN.offsets, "contacts:0", 3)
    views.client = cast(RedisClient, ClientOfCluster(views.client))
    session = views.session()
    async with session.opened():
        await asyncio.gather(session.run_once(), return_exceptions=True)
    assert await views.contacts() == ["c3", "c4"]


async def test_in_a_cluster_that_lost_the_set_of_accounts_all_is_built_anew(views: OpenedViews) -> None:
    await views.note_progress(0)
    views.client = cast(RedisClient, ClientOfCluster(views.client))
    session = views.session()
    async with session.opened():
        await session.run_once()
    await views.client.execute("DEL", KEYS.accounts(7))
    await require_rebuild(views)


async def test_in_a_cluster_a_new_account_does_not_hide_that_the_others_were_lost(views: OpenedViews) -> None:
    await views.note_progress(0)
    views.client = cast(RedisClient, ClientOfCluster(views.client))
    session = views.session()
    async with session.opened():
        await session.run_once()
        await views.client.execute("DEL", KEYS.accounts(7))
        await views.client.execute("SADD", KEYS.accounts(7), "new")
        with pytest.raises(WentBack, match="1 accounts are not known"):
            await session._writer.advance({"contacts:0": CONTACTS})
    await require_rebuild(views)


async def test_in_a_cluster_without_accounts_nothing_was_lost(views: OpenedViews) -> None:
    await views.note_progress(CONTACTS)
    views.client = cast(RedisClient, ClientOfCluster(views.client))
    session = views.session()
    async with session.opened():
        await session.run_once()


async def test_feeds_that_are_kept_for_ever_are_not_trimmed(views: OpenedViews) -> None:
    await views.note_progress(CONTACTS)
    await views.client.execute("SADD", KEYS.accounts(7), "default")
    await views.client.execute("XADD", OWN.changes, "1-0", "json", "{}")
    session = views.session()
    async with session.opened():
        await session.run_once()
    assert await views.client.execute("XLEN", OWN.changes) == 1


async def test_feeds_that_are_kept_for_a_week_are_trimmed_to_it(views: OpenedViews) -> None:
    views.retention = TopicRetention(7 * DAY, DAY)
    await views.show(7)
    await views.note_progress(CONTACTS)
    await views.client.execute("SADD", KEYS.accounts(7), "default")
    for position in (f"{NOW - 8 * DAY}-0", f"{NOW - 6 * DAY}-0"):
        await views.client.execute("XADD", OWN.changes, position, "json", "{}")
    session = views.session()
    async with session.opened():
        await session.run_once()
    assert await views.client.execute("XLEN", OWN.changes) == 1
