"""Finds the chain of events through the steps of a sequence that starts last.

That chain stays in the window longest, so it alone decides whether and until when a sequence holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

NEVER = -(1 << 62)
"""The start of a chain that does not exist: before every instant."""

StepMatch = tuple[int, int]
"""An event: its instant (ms), and the steps that it matches (bit i for step i)."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How far apart (ms) two neighbours in a chain may be, both ends included; without `most` there is no limit."""

    least: int
    most: int | None


class _OpenChains:
    """Chains through the first steps of a sequence; instants must be added and queried in order of time.

    A chain that ends later never starts earlier, since each chain continues the last one that it could. So the last
    chain that an event may continue is also the one that starts last.
    """

    def __init__(self, gap: Gap) -> None:
        self._gap = gap
        self._too_recent: deque[tuple[int, int]] = deque()
        self._last = (NEVER, NEVER)

    def add(self, end: int, start: int) -> None:
        """Adds a chain from `start` to `end`; `end` never falls from one call to the next."""
        self._too_recent.append((end, start))

    def latest_start(self, at: int) -> int:
        """Returns the latest start among the chains that an event at `at` may continue; NEVER when there is none."""
        while self._too_recent and self._too_recent[0][0] <= at - self._gap.least:
            self._last = self._too_recent.popleft()
        end, start = self._last
        if self._gap.most is not None and end < at - self._gap.most:
            return NEVER
        return start


def latest_start(events: Iterable[StepMatch], steps: int, gap: Gap) -> int:
    """Returns the latest start of a chain through all steps; NEVER when there is none.

    `events` are ordered by instant, equal ones as in the journal. An event serves only one step of a chain.
    """
    open_chains = [_OpenChains(gap) for _ in range(steps - 1)]
    latest = NEVER
    for at, matches in events:
        # From the last step to the first, so that no event follows itself.
        for step in range(steps - 1, -1, -1):
            if not matches >> step & 1:
                continue
            start = at if step == 0 else open_chains[step - 1].latest_start(at)
            if start == NEVER:
                continue
            if step == steps - 1:
                latest = start  # never earlier than a former one
            else:
                open_chains[step].add(at, start)
    return latest
