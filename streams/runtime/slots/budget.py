"""The bound of one transaction's decisions: small while events come."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf

from streams.engine.journal.effects import Budget
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.protocols import BackfillingDecider, Decider

IDLE_BUDGET = Budget(seconds=0.050)
"""While no events come. The first one after a silence may have to wait for all slots of the worker."""

BUSY_BUDGET = Budget(seconds=0.010)
"""Events wait no longer behind a release or a tick that reaches every contact, nor behind the other slots of this
worker.
"""

SLICES_BUDGET = Budget(seconds=0.010)
"""While slices are on their way: those of one transaction and the events beside them are decided in one go. What is
left waits for the next transaction, and the slot's next slices for that.
"""

RELEASE_BUDGET = Budget(seconds=0.003)
"""Of a release that reaches every contact, while events come. Those of its slot are decided before; a pause for the
events of all slots follows.
"""

STEP_BUDGET = Budget(seconds=0.002)
"""Of events and ticks, while events come: between two steps the other slots of the worker read their answers. Each
round trip of a transaction would else wait for the decisions of all.
"""

EVENT_STEP_BUDGET = replace(STEP_BUDGET, advances_releases=False)
"""The same before a part of a release, which alone counts for the pause after it."""

LOADED_BUDGET = Budget(seconds=0.030)
"""With many records waiting, the fixed cost of a transaction is shared by more of them."""


class DecisionBudget:
    """Chooses one slot's budget: small while events come to any slot of the worker, with pauses for a release.

    `wake` lets the slot look again after a pause of the throttle, which all slots of the worker share.
    """

    def __init__(self, decider: Decider, throttle: Throttle, wake: Callable[[], None]) -> None:
        self._decider = decider
        self._is_releasing = decider.is_releasing if isinstance(decider, BackfillingDecider) else _never
        self._decided_slices = decider.decided_slices if isinstance(decider, BackfillingDecider) else _zero
        self._throttle = throttle
        self._wake = wake
        self._last_release = -inf  # perf_counter seconds
        self._position = 0  # up to which the journal was fed when `next` was asked
        self._measured_seconds = 0.0

    def mark_busy(self) -> None:
        """Events came just now."""
        self._throttle.mark_events()

    def is_busy(self) -> bool:
        """Whether events came of late, to this slot or to another one of the worker."""
        return self._throttle.is_busy()

    def may_overlap(self, *, is_loaded: bool) -> bool:
        """Whether there is a reason to build the next transaction while one is in flight.

        Events that are taken in meanwhile are journaled in that transaction and decided in the one after it. While a
        release or a tick reaches one contact after the other, events wait for the commit: then one transaction does
        both.
        """
        return is_loaded or (self._decider.has_pending() and not (self.is_busy() and self._decider.is_busy()))

    def next(self, position: int, *, is_loaded: bool) -> Budget | None:
        """The budget of the next transaction; None when there is nothing to decide, or what there is has to wait.

        The journal was fed before `position`; `is_loaded`: many records wait to be decided.
        """
        self._position = position
        if not self._decider.has_pending():
            return None
        if not self.is_busy():
            return LOADED_BUDGET if is_loaded else IDLE_BUDGET
        budget = LOADED_BUDGET if is_loaded else BUSY_BUDGET
        if not self._is_releasing():
            return budget if is_loaded or not self._throttle.has_reservation else SLICES_BUDGET
        if self._throttle.may_decide(self._wake, self._last_release):
            self._last_release = time.perf_counter()
            return budget if is_loaded else RELEASE_BUDGET
        return replace(budget, advances_releases=False) if self._count_undecided() else None

    def steps(self, budget: Budget) -> Iterator[Budget]:
        """The parts of a budget that are decided, and measured, in one go each."""
        if budget is BUSY_BUDGET:
            seconds = 0.0
            while self._decider.has_pending() and seconds < budget.seconds:
                yield STEP_BUDGET
                seconds += self._measured_seconds
            return
        if budget is RELEASE_BUDGET:
            yield from self._event_steps()
        yield budget

    def _event_steps(self) -> Iterator[Budget]:
        """Until no event is left, or the next record waits for the release, or BUSY_BUDGET is used up."""
        seconds, before = 0.0, inf
        while 0 < (undecided := self._count_undecided()) < before and seconds < BUSY_BUDGET.seconds:
            yield EVENT_STEP_BUDGET
            seconds, before = seconds + self._measured_seconds, undecided

    def _count_undecided(self) -> int:
        """How many offsets of the journal were fed and wait."""
        return self._position - self._decider.resume_offset(self._position)

    @contextlib.contextmanager
    def measure(self, budget: Budget) -> Iterator[None]:
        """Measures the decisions within a budget; those of slices and of a release are followed by a pause.

        Meanwhile nobody looks for cycles: decisions make none, and what a batch visits is in memory until it ends.
        """
        was_releasing, slices_before = self._is_releasing(), self._decided_slices()
        began = time.thread_time()  # where others take the cores, it is not this worker that has to pause
        with _without_collector():
            yield
        seconds, slices = time.thread_time() - began, self._decided_slices() - slices_before
        self._measured_seconds = seconds
        has_released = budget.advances_releases and (was_releasing or self._is_releasing())
        if slices and not has_released:
            self._throttle.measure_slices(seconds, slices)
        if self.is_busy() and (has_released or slices or self._throttle.has_reservation):
            self._throttle.mark_decisions(seconds, are_of_release=has_released)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _never() -> bool:
    return False


def _zero() -> int:
    return 0
