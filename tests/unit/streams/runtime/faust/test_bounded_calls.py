"""Calls into the consumer's thread that wait for a broker end, so that the thread goes on fetching."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from mode.threads import MethodQueue

from streams.kafka.partitions import Partition
from streams.runtime.faust import group_offsets, metadata
from streams.runtime.faust.group_offsets import commit_group_offsets
from streams.runtime.faust.metadata import refresh_metadata

SOON = 0.02
VISITS = Partition("web-visits", 0)


class SilentBroker:
    """aiokafka's consumer, whose broker answers neither commits nor questions for metadata."""

    def __init__(self) -> None:
        self._client = SimpleNamespace(force_metadata_update=self._never_answered)

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition(*VISITS)}

    async def commit(self, _offsets: Any) -> None:
        await self._never_answered()

    async def _never_answered(self) -> None:
        await asyncio.Event().wait()


class QueueThread:
    """The consumer's thread, as far as calls into it go: with mode's own queue, in the test's event loop."""

    def __init__(self, queue: MethodQueue) -> None:
        self._queue = queue
        self._consumer = SilentBroker()

    async def call_thread(self, function: Any, *arguments: Any) -> Any:
        return await (await self._queue.call(asyncio.get_running_loop().create_future(), function, *arguments))

    def _ensure_consumer(self) -> SilentBroker:
        return self._consumer


@pytest.fixture
async def thread(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """A thread whose calls to its broker may take SOON."""
    monkeypatch.setattr(group_offsets, "COMMIT_SECONDS", SOON)
    monkeypatch.setattr(metadata, "REFRESH_SECONDS", SOON)
    queue = MethodQueue(loop=asyncio.get_running_loop())
    await queue.start()
    yield QueueThread(queue)
    await queue.stop()


async def fetch() -> str:
    """What Faust calls in the thread all the time."""
    return "records"


async def test_commits_that_the_broker_does_not_answer_leave_the_thread_free_to_fetch(thread: Any) -> None:
    committed = await asyncio.gather(*(commit_group_offsets(thread, {VISITS: 7}) for _ in range(2)))
    assert committed == [False, False]
    async with asyncio.timeout(5):
        assert await thread.call_thread(fetch) == "records"


async def test_questions_for_metadata_without_an_answer_leave_the_thread_free_to_fetch(thread: Any) -> None:
    await asyncio.gather(*(refresh_metadata(thread) for _ in range(2)))
    async with asyncio.timeout(5):
        assert await thread.call_thread(fetch) == "records"
