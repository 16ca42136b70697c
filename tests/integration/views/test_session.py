"""A session of the consumer over topics in memory, in a real server: where it begins, what it applies, its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from connectors.redis.connection import RedisClient, hash_fields
from schemas.values import instant_text
from streams.kafka.protocols import TopicPartitionLike
from streams.views import session as session_module
from streams.views.progress import read_positions
from streams.views.retention import TopicRetention
from streams.views.session import SessionOver
from streams.views.writer import WentBack
from tests.harness.views.memory_topics import MemoryViewConsumer
from tests.harness.views.opened_views import CONTACTS, DAY, KEYS, NOW, OpenedViews, open_views, require_rebuild

OWN = KEYS.generation("default", 7)


@pytest.fixture
async def views(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenedViews]:
    async with open_views(tmp_path, monkeypatch) as found:
        yield found


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


async def test_in_a_cluster_that_lost_the_progress_with_the_set_of_accounts_all_is_built_anew(
    views: OpenedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One server had both, and one of the accounts; its progress is noted again before anybody misses the set."""
    monkeypatch.setattr(session_module, "PROGRESS_SECONDS", 0.0)
    await views.note_progress(0)
    views.client = cast(RedisClient, ClientOfCluster(views.client))
    session = views.session()
    async with session.opened():
        await session.run_once()
        await views.client.execute("DEL", KEYS.accounts(7), KEYS.progress(7), OWN.offsets)
        await session.run_once()
    assert await read_positions(views.client, KEYS, 7)
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
