"""Publishes the traffic: weeks of simulated time within seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from schemas.values import instant_ms
from streams.demo.event_descriptions import describe_event
from streams.demo.state import DemoState
from streams.demo.traffic import HOUR, DemoEvent, TrafficSettings, generate_traffic
from streams.publish.lines import line_from_event
from streams.publish.publisher import Publisher

STEP_SECONDS = 0.25
MAX_EVENT_DESCRIPTIONS = 20_000
TICKS_PER_SECOND = 2.0


def tick_interval(seconds: float, days: int) -> int:
    """Returns the simulated time (ms, whole hours) between two clock lines, so that about two come in a second."""
    hours = days * 24 / (seconds * TICKS_PER_SECOND)
    return max(1, round(hours)) * HOUR


class TrafficPlayer:
    """Publishes the traffic within `seconds`, and keeps `state` up to date with what it has published."""

    def __init__(
        self, publisher: Publisher, state: DemoState, traffic_settings: TrafficSettings, seconds: float
    ) -> None:
        self._publisher = publisher
        self._state = state
        self._traffic_settings = traffic_settings
        self._seconds = seconds

    async def play(self) -> None:
        """Publishes everything; returns when it is decided up to the last clock line."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number, events in enumerate(self._time_steps()):
            await self._publisher.publish(
                line_from_event(event, "traffic") for event in self._with_state_updates(events)
            )
            self._state.published_count = self._publisher.report.event_count
            await asyncio.sleep(max(0.0, start + (number + 1) * STEP_SECONDS - loop.time()))

    def _time_steps(self) -> Iterator[list[DemoEvent]]:
        """Yields the traffic of each `STEP_SECONDS`; a step may have none."""
        begin = self._traffic_settings.begin
        span = (self._traffic_settings.end - begin) / self._seconds * STEP_SECONDS
        end = begin + span
        events: list[DemoEvent] = []
        for event in generate_traffic(self._traffic_settings):
            while instant_ms(event["at"]) > end:
                yield events
                events, end = [], end + span
            events.append(event)
        yield events

    def _with_state_updates(self, events: list[DemoEvent]) -> Iterator[DemoEvent]:
        for event in events:
            yield event
            if event["type"] == "clock.advanced":
                # The publisher has published the line when it asks for the next one.
                self._state.simulated_instant = instant_ms(event["at"])
                self._state.record_sizes()
            else:
                self._describe_event(event)

    def _describe_event(self, event: DemoEvent) -> None:
        descriptions = self._state.event_descriptions
        descriptions[event["id"]] = describe_event(event)
        if len(descriptions) > MAX_EVENT_DESCRIPTIONS:
            del descriptions[next(iter(descriptions))]
