"""Lets the slots of a worker look for work once all that one fetch brought has arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from streams.runtime.inputs.partition_buffer import BatchGroup
from streams.runtime.slots.slot import Slot

ARRIVAL_SECONDS = 0.1
"""After this time slots look at what is there, though not all that was fetched together is."""


class FetchArrivals:
    """Wakes those of `slots`, by number, that have records.

    So a slot begins one transaction with all of it instead of two, of which the second would wait for the first.
    """

    def __init__(self, slots: Mapping[int, Slot]) -> None:
        self._slots = slots
        self._timer: asyncio.TimerHandle | None = None

    def mark(self, group: BatchGroup) -> None:
        """Runs have arrived and are with their slots."""
        if group.mark_arrival():
            self._wake()
        elif self._timer is None:
            # Faust drops runs at a rebalance only, after which slots begin anew; no slot's wait depends on that.
            self._timer = asyncio.get_running_loop().call_later(ARRIVAL_SECONDS, self._wake)

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for slot in self._slots.values():
            if slot.has_records():
                slot.wake()
