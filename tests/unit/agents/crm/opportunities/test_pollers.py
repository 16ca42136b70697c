"""Pollers of several orgs run as one: one that fails ends all, and the figures are those of all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agents.crm.opportunities.pollers import OpportunityPollers
from agents.crm.outage_log import OutageLog
from streams.errors import BrokerUnavailable


class FixedPoller:
    """Runs until it is stopped, or fails at once."""

    def __init__(self, *, events: int = 0, polled_at: int | None = None, fails: bool = False) -> None:
        self.outage_log = OutageLog("opportunities")
        self.event_count = events
        self.polled_at = polled_at
        self.pause_seconds = float(events)
        self._fails = fails
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        if self._fails:
            raise BrokerUnavailable("no Kafka")
        await self._stopping.wait()

    def stop(self) -> None:
        self._stopping.set()


def pollers_of(*pollers: FixedPoller) -> OpportunityPollers:
    parts: Any = pollers
    return OpportunityPollers(parts)


async def test_one_that_fails_ends_all() -> None:
    with pytest.raises(BrokerUnavailable, match="no Kafka"):
        await asyncio.wait_for(pollers_of(FixedPoller(), FixedPoller(fails=True)).run(), 10)


async def test_they_end_when_they_are_stopped() -> None:
    pollers = pollers_of(FixedPoller(), FixedPoller())
    task = asyncio.create_task(pollers.run())
    await asyncio.sleep(0)
    pollers.stop()
    await asyncio.wait_for(task, 10)


async def test_figures_are_of_all_and_the_last_poll_is_that_of_the_slowest() -> None:
    pollers = pollers_of(FixedPoller(events=2, polled_at=9), FixedPoller(events=3, polled_at=5))
    assert (pollers.event_count, pollers.polled_at, pollers.pause_seconds) == (5, 5, 3.0)
    assert len(pollers.outage_logs) == 2
    assert pollers_of(FixedPoller(polled_at=9), FixedPoller()).polled_at is None
