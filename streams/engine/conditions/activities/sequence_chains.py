"""Chains of events that go through the steps of a sequence: which of them starts last.

The chain that starts last is in the window longest, so it alone decides whether and until when a sequence holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

NEVER = -(1 << 62)
"""Where a chain would start that there is not: before every instant."""

StepMatch = tuple[int, int]
"""An event: its instant, and the steps that it matches (bit i stands for step i)."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How far apart (ms) two events of a chain may be, both ends included; no `most`: as far as you like."""

    least: int
    most: int | None


class _OpenChains:
    """Chains through the first steps, asked in the order of time which of them may go on at an instant.

    A chain that ends later never starts earlier: each went on from the last that it could. So the last one that an
    event may follow is the one that starts last.
    """

    def __init__(self, gap: Gap) -> None:
        self._gap = gap
        self._too_recent: deque[tuple[int, int]] = deque()
        self._last = (NEVER, NEVER)

    def add(self, end: int, start: int) -> None:
        """A chain from `start` to `end`; ends never fall."""
        self._too_recent.append((end, start))

    def latest_start(self, at: int) -> int:
        """The latest start among the chains that an event at `at` may follow; NEVER where there is none."""
        while self._too_recent and self._too_recent[0][0] <= at - self._gap.least:
            self._last = self._too_recent.popleft()
        end, start = self._last
        if self._gap.most is not None and end < at - self._gap.most:
            return NEVER
        return start


def latest_start(events: Iterable[StepMatch], steps: int, gap: Gap) -> int:
    """Where the chain through all the steps that starts last starts; NEVER where there is none.

    `events` are in their order: by instant, equal ones as the journal has them. Each serves one step of a chain.
    """
    begun = [_OpenChains(gap) for _ in range(steps - 1)]
    found = NEVER
    for at, matched in events:
        # From the last step to the first, so that no event follows itself.
        for step in range(steps - 1, -1, -1):
            if not matched >> step & 1:
                continue
            start = at if step == 0 else begun[step - 1].latest_start(at)
            if start == NEVER:
                continue
            if step == steps - 1:
                found = start  # never earlier than one found before
            else:
                begun[step].add(at, start)
    return found
