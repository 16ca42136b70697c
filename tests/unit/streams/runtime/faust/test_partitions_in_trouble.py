"""A partition without a leader, or whose fetch fails, is asked for again at a pace; aiokafka's own fetcher runs."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import KafkaError

from streams.runtime.faust import metadata
from streams.runtime.faust.fetch_pace import FetchPace
from streams.runtime.faust.fetch_thread import ConsumerThread
from streams.runtime.faust.metadata import PACE_SECONDS, mend_metadata

VISITS = TopicPartition("web-visits", 0)
BACKOFF_SECONDS = 0.1
NO_ERROR, NOT_LEADER, STORAGE_ERROR = 0, 6, 56


class CountedCalls:
    """Counts the requests of one kind; `until` waits for the next ones."""

    def __init__(self) -> None:
        self.count = 0
        self._more = asyncio.Event()

    def mark(self) -> None:
        self.count += 1
        self._more.set()

    async def until(self, count: int) -> float:
        """Returns how many seconds it took until there were so many."""
        began = time.monotonic()
        async with asyncio.timeout(30):
            while self.count < count:
                self._more.clear()
                await self._more.wait()
        return time.monotonic() - began


@asynccontextmanager
async def fetching(client: Any) -> AsyncIterator[None]:
    """aiokafka's fetcher with our patches, assigned one partition."""
    subscriptions = SubscriptionState()
    subscriptions.assign_from_user([VISITS])
    subscriptions.subscription.assignment.state_value(VISITS).seek(0)
    thread: Any = ConsumerThread.__new__(ConsumerThread)
    thread.cursors, thread.paces, thread.is_awaited = {}, defaultdict(FetchPace), False
    fetcher = Fetcher(client, subscriptions, retry_backoff_ms=round(1000 * BACKOFF_SECONDS))
    thread._patch_fetches(fetcher)
    try:
        yield
    finally:
        await fetcher.close()


async def test_metadata_is_asked_for_at_a_pace_while_a_partition_has_no_leader() -> None:
    updates = CountedCalls()
    client: Any = AIOKafkaClient()
    assert client.cluster.leader_for_partition(VISITS) is None

    async def answer(_cluster: Any, _topics: Any) -> bool:
        updates.mark()
        await asyncio.sleep(0)
        return True

    client._metadata_update = answer
    mend_metadata(SimpleNamespace(_client=client))
    client._sync_task = asyncio.create_task(client._md_synchronizer())
    try:
        async with fetching(client):
            assert await updates.until(4) >= 2.9 * PACE_SECONDS
    finally:
        await client.close()


async def test_the_first_question_for_metadata_waits_for_nothing_nor_does_one_for_another_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metadata, "PACE_SECONDS", 3_600.0)

    async def update(cluster: Any, _topics: Any) -> Any:
        return cluster

    client: Any = SimpleNamespace(cluster="own", _metadata_update=update, bootstrap=None)
    mend_metadata(SimpleNamespace(_client=client))
    async with asyncio.timeout(30):
        assert await client._metadata_update("own", []) == "own"
        assert await client._metadata_update("another", []) == "another"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await client._metadata_update("own", [])


class AnsweringClient:
    """aiokafka's client with one broker, which answers a fetch at once, and as it is told to."""

    def __init__(self, answer: Callable[[], Awaitable[Any]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._metadata_max_age_ms = 300_000
        self.cluster = SimpleNamespace(leader_for_partition=lambda _tp: 1)
        self.fetches = CountedCalls()
        self._answer = answer

    async def send(self, _node_id: int, _request: Any) -> Any:
        self.fetches.mark()
        await asyncio.sleep(0)
        return await self._answer()

    def force_metadata_update(self) -> None:
        """Finds nothing new."""


def answering(error_code: int) -> AnsweringClient:
    """A client whose broker answers every fetch with this code, and without records."""

    async def answer() -> Any:
        partition = (VISITS.partition, error_code, 0, 0, (), b"")
        return SimpleNamespace(API_VERSION=4, topics=[(VISITS.topic, [partition])])

    return AnsweringClient(answer)


async def test_a_fetch_is_sent_at_a_pace_while_the_broker_answers_with_an_error() -> None:
    for error_code in (STORAGE_ERROR, NOT_LEADER):
        client = answering(error_code)
        async with fetching(client):
            assert await client.fetches.until(3) >= 1.9 * BACKOFF_SECONDS


async def test_a_fetch_that_fails_waits_for_aiokafkas_own_pause_only() -> None:
    async def fail() -> None:
        raise KafkaError("the connection is gone")

    client = AnsweringClient(fail)
    async with fetching(client):
        assert await client.fetches.until(11) < 19 * BACKOFF_SECONDS


async def test_a_partition_that_is_silent_is_fetched_again_without_a_pause() -> None:
    client = answering(NO_ERROR)
    async with fetching(client):
        assert await client.fetches.until(100) < 50 * BACKOFF_SECONDS


async def test_a_fetch_that_pauses_lets_the_fetcher_stop() -> None:
    client = answering(STORAGE_ERROR)
    async with fetching(client):
        await client.fetches.until(1)
        for _ in range(10):
            await asyncio.sleep(0)  # it pauses now
