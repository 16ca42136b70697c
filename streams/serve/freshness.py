"""A value that is read at most once in a while, however many ask for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from streams.errors import LeadstreamError
from streams.serve.problems import HttpProblem

_T = TypeVar("_T")


class FreshValue(Generic[_T]):
    """Reads a value when the last one is older than `seconds`; those who ask meanwhile wait for the same reading.

    A reading that fails is not repeated before that time either: where an outside system hangs, askers would wait for
    it one after the other. With `keeps_last` it gives the last value, where there is one.
    """

    def __init__(self, read: Callable[[], Awaitable[_T]], seconds: float, *, keeps_last: bool = False) -> None:
        self._read = read
        self._seconds = seconds
        self._keeps_last = keeps_last
        self._turn = asyncio.Lock()
        self._value: _T | None = None
        self._error: LeadstreamError | HttpProblem | None = None
        self._read_at = float("-inf")

    async def get(self) -> _T:
        """The value. Raises what the reading raises."""
        async with self._turn:
            if time.monotonic() - self._read_at >= self._seconds:
                await self._renew()
            if self._error is not None:
                raise self._error.with_traceback(None)
            assert self._value is not None
            return self._value

    async def _renew(self) -> None:
        self._error = None
        try:
            self._value = await self._read()
        except (LeadstreamError, HttpProblem) as error:
            if self._value is None or not self._keeps_last:
                self._error = error
        self._read_at = time.monotonic()
