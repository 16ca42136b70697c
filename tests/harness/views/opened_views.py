"""A session of the consumer of the read models, over topics in memory, in a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from connectors.redis.connection import RedisClient, open_redis
from connectors.redis.local import LocalRedis
from schemas.values import instant_text
from streams.clock import now_ms
from streams.kafka.protocols import Consumer
from streams.settings import Settings
from streams.views import session as session_module
from streams.views.deployment import Deployment
from streams.views.keys import DeploymentKeys
from streams.views.membership import Assignment
from streams.views.progress import PartitionPosition, encode_state
from streams.views.rebuild import Rebuild
from streams.views.retention import TopicRetention
from streams.views.session import SessionOver, ViewSession
from streams.views.status import ViewsStatus
from tests.harness.views.memory_topics import MemoryTopics, MemoryViewConsumer

KEYS = DeploymentKeys()
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
        self.status = ViewsStatus("leadstream-views")
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
            status=self.status,
            stopping=asyncio.Event(),
        )

    async def contacts(self) -> list[str]:
        """Those in the read models."""
        return [
            each.decode()
            for each in await self.client.execute("ZRANGE", KEYS.generation("default", 7).contacts, 0, -1)
        ]


@asynccontextmanager
async def open_views(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenedViews]:
    """Views in a server of their own; a rebuild gives generation 8 and builds nothing."""

    async def retention(_settings: Settings) -> TopicRetention:
        return found.retention

    async def build(_rebuild: Rebuild) -> Deployment:
        return Deployment(8, NOW, NOW, is_complete=True, retention=-1)

    with LocalRedis(folder) as server:
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
