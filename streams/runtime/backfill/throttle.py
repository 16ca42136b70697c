"""How much of a worker's time may go into work that can wait: short stretches, with rests in proportion."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")

SHARE = 0.4
"""The part of the worker's time that all its slots together may take for it."""

STRETCH = 0.004
"""Seconds of work at a time; live records wait no longer for it."""


class Pace:
    """One worker's. Whoever works waits for the others' stretches and rests.

    `one_at_a_time`: held by the one that keeps much in memory for it.
    """

    def __init__(self) -> None:
        self.one_at_a_time = asyncio.Lock()
        self._turn = asyncio.Lock()

    async def over(self, items: Iterable[Item], work: Callable[[Item], None]) -> None:
        """Does the work for every item."""
        left = iter(items)
        more = True
        while more:
            async with self._turn:
                began = time.perf_counter()
                more = _stretch(left, work, began + STRETCH)
                await asyncio.sleep((time.perf_counter() - began) * (1 / SHARE - 1))


def _stretch(left: Iterable[Item], work: Callable[[Item], None], end: float) -> bool:
    """Works until the end of the stretch; whether there may be more."""
    for item in left:
        work(item)
        if time.perf_counter() > end:
            return True
    return False
