"""The pollers of all orgs of a deployment, as one part of the process; none waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from agents.crm.backoff import Backoff
from agents.crm.opportunities.handover_times import HandOverTimes
from agents.crm.opportunities.opportunity_poller import OpportunityPoller, PollTurn
from agents.crm.opportunities.poll_pace import PollPace
from agents.crm.opportunities.polls import build_polls
from agents.crm.outage_log import OutageLog
from connectors.salesforce.org.directory import OrgDirectory
from streams.engine.releases.release_log import Release
from streams.settings import Settings


class OpportunityPollers:
    """Runs every poller until `stop`, or until one fails; then it stops the others and fails likewise."""

    def __init__(self, pollers: Sequence[OpportunityPoller]) -> None:
        self._pollers = pollers

    @classmethod
    def of_orgs(
        cls,
        settings: Settings,
        directory: OrgDirectory,
        releases: Callable[[], Iterable[Release]],
        backoff: Backoff | None = None,
        turn: PollTurn = lambda: 0,
    ) -> OpportunityPollers:
        """Returns a poller for each org of the directory, at a pace by that org's usage."""
        polls = build_polls(directory, releases, HandOverTimes(settings))
        return cls(
            [
                OpportunityPoller(
                    settings,
                    poll,
                    backoff=backoff,
                    turn=turn,
                    pace=PollPace(settings.salesforce_poll_ms / 1000, directory.client(name).usage),
                )
                for name, poll in polls.items()
            ]
        )

    @property
    def outage_logs(self) -> tuple[OutageLog, ...]:
        """The outages of each poller."""
        return tuple(poller.outage_log for poller in self._pollers)

    @property
    def event_count(self) -> int:
        """How many events were written since the start."""
        return sum(poller.event_count for poller in self._pollers)

    @property
    def polled_at(self) -> int | None:
        """When (ms) every org had answered a poll; None before."""
        times = [poller.polled_at for poller in self._pollers]
        known = [each for each in times if each is not None]
        return min(known, default=None) if len(known) == len(times) else None

    @property
    def pause_seconds(self) -> float:
        """The longest time to a next poll."""
        return max((poller.pause_seconds for poller in self._pollers), default=0.0)

    def stop(self) -> None:
        """Ends `run` after the present polls."""
        for poller in self._pollers:
            poller.stop()

    async def run(self) -> None:
        """Polls until `stop` is called. Raises BrokerUnavailable, TopicsMissing."""
        tasks = [asyncio.create_task(poller.run()) for poller in self._pollers]
        if not tasks:
            return
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
