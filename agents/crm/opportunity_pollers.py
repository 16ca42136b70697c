"""The pollers of all orgs as one part of the process: each polls by itself, and none waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agents.crm.opportunity_poller import OpportunityPoller
from agents.crm.outage_log import OutageLog


class OpportunityPollers:
    """Runs one poller for each org; `run` ends after `stop`, or when one of them fails."""

    def __init__(self, pollers: Sequence[OpportunityPoller]) -> None:
        self._pollers = pollers

    @property
    def outage_logs(self) -> Sequence[OutageLog]:
        """The outages of each org."""
        return [poller.outage_log for poller in self._pollers]

    @property
    def event_count(self) -> int:
        """How many events were written since the start."""
        return sum(poller.event_count for poller in self._pollers)

    @property
    def polled_at(self) -> int | None:
        """When (ms) the org that was polled the longest ago was polled; None before the first poll of any."""
        return min((poller.polled_at for poller in self._pollers if poller.polled_at is not None), default=None)

    @property
    def pause_seconds(self) -> float:
        """The longest time between the last poll of an org and its next one."""
        return max(poller.pause_seconds for poller in self._pollers)

    def stop(self) -> None:
        """Ends `run` after the current polls."""
        for poller in self._pollers:
            poller.stop()

    async def run(self) -> None:
        """Polls until `stop` is called. Raises BrokerUnavailable, TopicsMissing."""
        tasks = [asyncio.create_task(poller.run()) for poller in self._pollers]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        finally:
            self.stop()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
