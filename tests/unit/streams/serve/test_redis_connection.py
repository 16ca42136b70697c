"""A Redis that hangs is waited for once, however many requests need it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from streams.errors import RedisUnavailable
from streams.serve import redis_connection
from streams.serve.redis_connection import LazyRedis

REQUESTS = 10


class SilentServer:
    """Accepts connections and never answers."""

    def __init__(self) -> None:
        self.connections = 0
        self.url = ""

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while await reader.read(1_000):
            pass
        writer.close()


@pytest.fixture
async def silent() -> AsyncIterator[SilentServer]:
    silent = SilentServer()
    async with await asyncio.start_server(silent.accept, "127.0.0.1", 0) as server:
        silent.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield silent


async def test_requests_wait_for_a_redis_that_hangs_once_and_not_one_after_the_other(
    silent: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_connection, "PATIENCE_SECONDS", 0.1)
    redis = LazyRedis(silent.url)
    outcomes = await asyncio.gather(*(redis.execute("PING") for _ in range(REQUESTS)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [RedisUnavailable] * REQUESTS
    assert silent.connections == 1
    await redis.close()


async def test_a_redis_that_hung_is_tried_again_by_the_next_request(
    silent: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_connection, "PATIENCE_SECONDS", 0.1)
    redis = LazyRedis(silent.url)
    for connections in (1, 2):
        with pytest.raises(RedisUnavailable):
            await redis.connect()
        assert silent.connections == connections
    await redis.close()
