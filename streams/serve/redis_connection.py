"""A connection to Redis that is made when it is needed, and made again after it failed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

from connectors.redis.connection import Argument, Command, RedisClient, Script, ScriptCall, open_redis
from streams.errors import RedisRefused, RedisUnavailable

PATIENCE_SECONDS = 5.0


class LazyRedis:
    """A RedisClient for a server that may not be there yet; each call raises RedisUnavailable until it is."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._turn = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._client: RedisClient | None = None
        self._error: RedisUnavailable | RedisRefused | None = None
        self._failed_at = float("-inf")

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
        asked_at = time.monotonic()
        async with self._turn:
            if self._client is None:
                if self._error is not None and self._failed_at >= asked_at:
                    # While a Redis hangs, those who waited for the same try would wait anew, one after the other.
                    raise self._error.with_traceback(None)
                self._client = await self._open()
            return self._client

    async def _open(self) -> RedisClient:
        try:
            return await self._stack.enter_async_context(open_redis(self._url, PATIENCE_SECONDS))
        except (RedisUnavailable, RedisRefused) as error:
            self._error, self._failed_at = error, time.monotonic()
            raise

    async def close(self) -> None:
        """Ends the connections."""
        self._client = None
        await self._stack.aclose()
