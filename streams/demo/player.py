"""Plays the traffic: so many weeks of simulated time within so many seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from schemas.values import instant_ms
from streams.demo.event_descriptions import describe_event
from streams.demo.state import DemoState
from streams.demo.traffic import HOUR, TrafficSettings, generate_traffic
from streams.publish.lines import line_from_event
from streams.publish.publisher import Publisher

STEP_SECONDS = 0.25
MAX_EVENT_DESCRIPTIONS = 20_000
TICKS_PER_SECOND = 2.0

DemoEvent = dict[str, Any]


def tick_interval(seconds: float, days: int) -> int:
    """How often the clock is told, in ms of simulated time: about twice a second of playing, in whole hours."""
    hours = days * 24 / (seconds * TICKS_PER_SECOND)
    return max(1, round(hours)) * HOUR


class TrafficPlayer:
    """Publishes a market's traffic within `seconds`, telling `state` what it does."""

    def __init__(
        self, publisher: Publisher, state: DemoState, traffic_settings: TrafficSettings, seconds: float
    ) -> None:
        self._publisher = publisher
        self._state = state
        self._market = traffic_settings
        self._seconds = seconds

    async def play(self) -> None:
        """Returns when everything is published and, as far as time is told, decided."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, events in enumerate(self._time_steps()):
            await self._publisher.publish(
                line_from_event(event, "traffic") for event in self._with_state_updates(events)
            )
            self._state.published_count = self._publisher.report.event_count
            await asyncio.sleep(max(0.0, began + (number + 1) * STEP_SECONDS - loop.time()))

    def _time_steps(self) -> Iterator[list[DemoEvent]]:
        """The traffic of one slice of playing time after another; some have none."""
        market = self._market
        span = (market.end - market.begin) / self._seconds * STEP_SECONDS
        end = market.begin + span
        events: list[DemoEvent] = []
        for event in generate_traffic(market):
            while instant_ms(event["at"]) > end:
                yield events
                events, end = [], end + span
            events.append(event)
        yield events

    def _with_state_updates(self, events: list[DemoEvent]) -> Iterator[DemoEvent]:
        for event in events:
            yield event
            if event["type"] == "clock.advanced":
                # Told by now: the publisher asks for the next line when it is done with this one.
                self._state.simulated_instant = instant_ms(event["at"])
                self._state.record_sizes()
            else:
                self._describe_event(event)

    def _describe_event(self, event: DemoEvent) -> None:
        stories = self._state.event_descriptions
        stories[event["id"]] = describe_event(event)
        if len(stories) > MAX_EVENT_DESCRIPTIONS:
            del stories[next(iter(stories))]
