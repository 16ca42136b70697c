"""A connection to Redis that is made when it is needed, and made again after it failed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

from connectors.redis.connection import Argument, Command, RedisClient, Script, ScriptCall, open_redis

PATIENCE_SECONDS = 5.0


class LazyRedis:
    """A RedisClient for a server that may not be there yet; each call raises RedisUnavailable until it is."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._turn = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._client: RedisClient | None = None

    @property
    def is_cluster(self) -> bool:
        """Whether the server belongs to a Redis Cluster; False while it is not known."""
        return self._client is not None and self._client.is_cluster

    async def execute(self, *command: Argument) -> Any:
        """The answer of a command."""
        return await (await self.connect()).execute(*command)

    async def execute_all(self, commands: Sequence[Command]) -> list[Any]:
        """The answers of commands that are sent together."""
        return await (await self.connect()).execute_all(commands)

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """The answer of a script."""
        return await (await self.connect()).run(script, keys, arguments)

    async def run_all(self, script: Script, calls: Sequence[ScriptCall]) -> list[Any]:
        """The answers of a script that is called several times."""
        return await (await self.connect()).run_all(script, calls)

    async def scan(self, pattern: str) -> AsyncIterator[Sequence[bytes]]:
        """The keys that match a pattern, in portions."""
        async for keys in (await self.connect()).scan(pattern):
            yield keys

    async def connect(self) -> RedisClient:
        """The client behind it, which finds its server again by itself. Raises RedisUnavailable, RedisRefused."""
        if self._client is not None:
            return self._client
        async with self._turn:
            if self._client is None:
                self._client = await self._stack.enter_async_context(open_redis(self._url, PATIENCE_SECONDS))
            return self._client

    async def close(self) -> None:
        """Ends the connections."""
        self._client = None
        await self._stack.aclose()
