"""A value that is read at most once in a while, however many ask for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from streams.errors import LeadstreamError

_T = TypeVar("_T")


class FreshValue(Generic[_T]):
    """Reads a value when the last one is older than `seconds`; those who ask meanwhile wait for the same reading.

    With `keeps_last` a reading that fails gives the last value, where there is one.
    """

    def __init__(self, read: Callable[[], Awaitable[_T]], seconds: float, *, keeps_last: bool = False) -> None:
        self._read = read
        self._seconds = seconds
        self._keeps_last = keeps_last
        self._turn = asyncio.Lock()
        self._value: _T | None = None
        self._read_at = float("-inf")

    async def get(self) -> _T:
        """The value. Raises what the reading raises."""
        async with self._turn:
            if time.monotonic() - self._read_at >= self._seconds:
                await self._renew()
            assert self._value is not None
            return self._value

    def expire(self) -> None:
        """Makes the next call read."""
        self._read_at = float("-inf")

    async def _renew(self) -> None:
        try:
            self._value = await self._read()
        except LeadstreamError:
            if self._value is None or not self._keeps_last:
                raise
        self._read_at = time.monotonic()
