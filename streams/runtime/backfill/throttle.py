"""Limits the share of a worker's time that goes into work that can wait: short bursts, and pauses in proportion."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

WorkItem = TypeVar("WorkItem")

MAX_SHARE = 0.4
"""The part of the worker's time that all its slots together may take for it."""

BURST_SECONDS = 0.004
"""Seconds of work at a time; live records wait no longer for it."""


class Throttle:
    """One per worker: each slot waits for the bursts and pauses of the others.

    `memory_lock` is held by the slot whose work holds much in memory.
    """

    def __init__(self) -> None:
        self.memory_lock = asyncio.Lock()
        self._burst_lock = asyncio.Lock()

    async def run_throttled(self, items: Iterable[WorkItem], work: Callable[[WorkItem], None]) -> None:
        """Does the work for every item."""
        remaining = iter(items)
        more = True
        while more:
            async with self._burst_lock:
                began = time.perf_counter()
                more = _run_burst(remaining, work, began + BURST_SECONDS)
                await asyncio.sleep((time.perf_counter() - began) * (1 / MAX_SHARE - 1))


def _run_burst(items: Iterable[WorkItem], work: Callable[[WorkItem], None], deadline: float) -> bool:
    """Works until `deadline` (perf_counter seconds); returns whether items may remain."""
    for item in items:
        work(item)
        if time.perf_counter() > deadline:
            return True
    return False
