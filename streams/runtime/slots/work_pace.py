"""When a slot looks for work: woken by what it reads, and by time when something falls due."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Iterator

from streams.clock import now_ms
from streams.settings import Settings

LONGEST_INTERVAL = 0.050
"""Seconds; without more records than that brings, a longer interval would save little."""

STRETCH = 2.0
"""The interval is so many times as long as a commit takes: a busy broker or worker gets fewer transactions."""

SMOOTHING = 0.2


class WorkPace:
    """The waits of one slot between its transactions: the interval follows how long commits take of late."""

    def __init__(self, settings: Settings) -> None:
        self._interval = settings.interval_ms / 1000
        self._tick_seconds = settings.tick_ms / 1000
        self._wake = asyncio.Event()
        self._last_start = 0.0
        self._commit_seconds = 0.0
        self._look_began: float | None = None
        self.began_at: int | None = None
        """The wall clock (ms) at the first look; None before."""

    def wake(self) -> None:
        """Lets the slot look again: something changed that it may wait for."""
        self._wake.set()

    def begin_look(self) -> None:
        """What wakes the slot from here on is looked at next time."""
        self._wake.clear()
        self._look_began = time.monotonic()
        if self.began_at is None:
            self.began_at = now_ms()

    def look_seconds(self) -> float:
        """How long the present look has taken so far; 0 while the slot waits to be woken."""
        return 0.0 if self._look_began is None else time.monotonic() - self._look_began

    def mark_start(self, began: float) -> None:
        """A transaction has begun, at an instant in monotonic seconds."""
        self._last_start = began

    @contextlib.contextmanager
    def measure_commit(self) -> Iterator[None]:
        """Measures how long the block takes."""
        began = time.monotonic()
        yield
        self._commit_seconds += SMOOTHING * (time.monotonic() - began - self._commit_seconds)

    def interval(self) -> float:
        """The least seconds between the starts of two transactions: `interval_ms` while commits are fast."""
        return max(self._interval, min(STRETCH * self._commit_seconds, LONGEST_INTERVAL)) if self._interval else 0.0

    async def await_interval(self, *, is_waiting: bool) -> None:
        """Under load the interval lets batches grow; the first record after a silence goes at once. A slot that waits
        to be in step (`is_waiting`) makes small steps, as fast as they go.
        """
        pause = 0.0 if is_waiting else self._last_start + self.interval() - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)

    async def await_wake(self, pauses: Iterable[int | None]) -> None:
        """Returns when something changed, or after the smallest pause (ms), at least `tick_ms`; None is no pause."""
        self._look_began = None
        pause = min((each / 1000 for each in pauses if each is not None), default=None)
        if pause is not None:
            pause = max(pause, self._tick_seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()
