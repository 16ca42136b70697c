"""Limits the share of a worker's time that goes into work that can wait: short bursts, and pauses in proportion."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from math import inf
from typing import TypeVar

WorkItem = TypeVar("WorkItem")

SHARE, MAX_SHARE = 0.4, 0.6
"""The part of the worker's time that all its slots together may take: while others want to work, and at most."""

SLICE_SHARE, RELEASE_SHARE = 0.42, 0.3
"""The part of the worker's time that slices, and releases that decide already, may take in all its slots while events
come: until the last slice is decided, nobody is in the segment. With 0.6 and 0.4 events, 500 a second, waited half as
long again."""

BUSY_SECONDS = 0.5
"""How long after the last event a worker counts as busy."""

FIRST_SLICE_SECONDS = 0.002
"""How long a full slice takes to decide, until some were measured: rather too long."""

MEASURED_SLICES = 16
"""From so many slices on their mean counts; those before count half as much each time."""

RELEASE_SECONDS = 0.2
"""How long a release that already decides waits at most, each time, for slices of others: they decide nothing yet."""

MAX_RESERVED_SECONDS = 0.05
"""What is reserved and not used is forgotten beyond this."""

MAX_PAUSE_SECONDS = 0.1
"""However long decisions took, some of those that can wait follow after this time."""

SHARE_STEP = 0.02
"""What the share grows by after a pause in which nobody else worked."""

LATE_SECONDS = 0.002
"""When a pause lasts so much longer than it should, others had work to do."""

BURST_SECONDS = 0.004
"""Seconds of work at a time; live records wait no longer for it."""


class Throttle:
    """One per worker: each slot waits for the bursts and pauses of the others.

    `memory_lock` is held by the slot whose work holds much in memory, in this process or in another.
    """

    def __init__(self) -> None:
        self.memory_lock = asyncio.Lock()
        self.share = SHARE
        """The part of the time that is taken at present."""
        self._burst_lock = asyncio.Lock()
        self.slice_seconds = FIRST_SLICE_SECONDS
        """How long a slice takes of late."""
        self._slots_with_slices = 0
        self._free_at = 0.0  # perf_counter seconds
        self._reserved = 0.0
        self._busy_until = 0.0
        self._measured_seconds = 0.0  # of the latest slices
        self._measured_slices = 0.0

    def mark_events(self) -> None:
        """Events came to a slot just now."""
        self._busy_until = time.perf_counter() + BUSY_SECONDS

    def is_busy(self) -> bool:
        """Whether events came to any slot of late."""
        return time.perf_counter() < self._busy_until

    def reserve(self, slices: int) -> None:
        """So many slices are on their way; others follow after a pause for as long as these will take."""
        seconds = slices * self.slice_seconds
        self._reserved = min(self._reserved + seconds, MAX_RESERVED_SECONDS)
        self._occupy(time.perf_counter(), seconds, SLICE_SHARE)

    def slices_within(self, seconds: float) -> int:
        """How many slices are decided in so long; at least one."""
        return max(1, int(seconds / self.slice_seconds))

    @property
    def has_reservation(self) -> bool:
        """Whether decisions are on their way that a pause was reserved for."""
        return self._reserved > 0

    def measure_slices(self, seconds: float, slices: int) -> None:
        """So many slices took so long to decide, with the events between them."""
        self._measured_seconds += seconds
        self._measured_slices += slices
        if self._measured_slices >= MEASURED_SLICES:
            self.slice_seconds = self._measured_seconds / self._measured_slices
            self._measured_seconds /= 2
            self._measured_slices /= 2

    def mark_decisions(self, seconds: float, *, are_of_release: bool = False) -> None:
        """Decisions that could wait took so long; others follow after a pause in proportion."""
        expected = min(self._reserved, seconds)
        self._reserved -= expected
        share = RELEASE_SHARE if are_of_release else SLICE_SHARE
        self._occupy(time.perf_counter() - seconds, seconds - expected, share)

    def _occupy(self, began: float, seconds: float, share: float) -> None:
        """Work and the pause after it take as long as the share says."""
        free_at = max(began, self._free_at) + seconds / share
        self._free_at = min(free_at, time.perf_counter() + MAX_PAUSE_SECONDS)

    def may_decide(self, wake: Callable[[], None], last: float = -inf) -> bool:
        """Whether decisions that can wait may be made now; if not, `wake` is called when they may.

        `last` is when a release of the slot went on last (perf_counter seconds): slices go first, and it makes room.
        """
        free_at = max(self._free_at, last + RELEASE_SECONDS) if self._slots_with_slices else self._free_at
        pause = free_at - time.perf_counter()
        if pause <= 0:
            return True
        asyncio.get_running_loop().call_later(pause, wake)
        return False

    def begin_slices(self) -> None:
        """A slot has slices to append."""
        self._slots_with_slices += 1

    def end_slices(self) -> None:
        """It has none any more."""
        self._slots_with_slices -= 1

    async def run_throttled(self, items: Iterable[WorkItem], work: Callable[[WorkItem], object]) -> None:
        """Does the work for every item."""
        remaining = iter(items)
        more = True
        while more:
            async with self._burst_lock:
                began = time.perf_counter()
                more = _run_burst(remaining, work, began + BURST_SECONDS)
                await self._pause((time.perf_counter() - began) * (1 / self.share - 1))

    async def _pause(self, seconds: float) -> None:
        began = time.perf_counter()
        await asyncio.sleep(seconds)
        is_late = time.perf_counter() - began > seconds + LATE_SECONDS
        self.share = SHARE if is_late else min(MAX_SHARE, self.share + SHARE_STEP)


def _run_burst(items: Iterable[WorkItem], work: Callable[[WorkItem], object], deadline: float) -> bool:
    """Works until `deadline` (perf_counter seconds); returns whether items may remain."""
    for item in items:
        work(item)
        if time.perf_counter() > deadline:
            return True
    return False
