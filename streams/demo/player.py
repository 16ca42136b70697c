"""Plays the traffic: so many weeks of simulated time within so many seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from schemas.values import instant_ms
from streams.demo.event_descriptions import story
from streams.demo.state import State
from streams.demo.traffic import HOUR, Market, traffic
from streams.publish.lines import event_line
from streams.publish.publisher import Publisher

SLICE_SECONDS = 0.25
STORIES_KEPT = 20_000
TICKS_PER_SECOND = 2.0

Event = dict[str, Any]


def ticks_for(seconds: float, days: int) -> int:
    """How often the clock is told, in ms of simulated time: about twice a second of playing, in whole hours."""
    hours = days * 24 / (seconds * TICKS_PER_SECOND)
    return max(1, round(hours)) * HOUR


class Player:
    """Publishes a market's traffic within `seconds`, telling `state` what it does."""

    def __init__(self, publisher: Publisher, state: State, market: Market, seconds: float) -> None:
        self._publisher = publisher
        self._state = state
        self._market = market
        self._seconds = seconds

    async def play(self) -> None:
        """Returns when everything is published and, as far as time is told, decided."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, events in enumerate(self._slices()):
            await self._publisher.publish(event_line(event, "traffic") for event in self._noted(events))
            self._state.published = self._publisher.report.published
            await asyncio.sleep(max(0.0, began + (number + 1) * SLICE_SECONDS - loop.time()))

    def _slices(self) -> Iterator[list[Event]]:
        """The traffic of one slice of playing time after another; some have none."""
        market = self._market
        span = (market.end - market.begin) / self._seconds * SLICE_SECONDS
        end = market.begin + span
        events: list[Event] = []
        for event in traffic(market):
            while instant_ms(event["at"]) > end:
                yield events
                events, end = [], end + span
            events.append(event)
        yield events

    def _noted(self, events: list[Event]) -> Iterator[Event]:
        for event in events:
            yield event
            if event["type"] == "clock.advanced":
                # Told by now: the publisher asks for the next line when it is done with this one.
                self._state.simulated = instant_ms(event["at"])
                self._state.note_sizes()
            else:
                self._note(event)

    def _note(self, event: Event) -> None:
        stories = self._state.stories
        stories[event["id"]] = story(event)
        if len(stories) > STORIES_KEPT:
            del stories[next(iter(stories))]
