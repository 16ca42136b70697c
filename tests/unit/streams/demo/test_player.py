"""The player publishes the whole traffic in order, within the set time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, cast

from streams.demo.player import TrafficPlayer, tick_interval
from streams.demo.state import DemoState
from streams.demo.traffic import HOUR, TrafficSettings, generate_traffic
from streams.publish.lines import ClockLine, EventLine, ParsedLine
from streams.publish.publisher import Publisher, PublishReport

SETTINGS = TrafficSettings(contacts=20, days=4)


class CollectingPublisher:
    """A publisher that collects the items."""

    def __init__(self) -> None:
        self.items: list[ParsedLine] = []
        self.report = PublishReport()

    async def publish(self, items: Iterable[ParsedLine]) -> None:
        for item in items:
            self.items.append(item)
            if isinstance(item, EventLine):
                self.report.count_event(item.event)


async def test_it_publishes_everything_once_in_order_within_the_time() -> None:
    publisher, state = CollectingPublisher(), DemoState(begin=SETTINGS.begin, end=SETTINGS.end)
    start = time.monotonic()
    await TrafficPlayer(cast(Publisher, publisher), state, SETTINGS, seconds=1.0).play()
    assert 1.0 <= time.monotonic() - start < 30.0
    instants: list[Any] = [each.at for each in publisher.items if isinstance(each, EventLine | ClockLine)]
    assert len(instants) == len(list(generate_traffic(SETTINGS)))
    assert instants == sorted(instants)
    assert state.simulated_instant == SETTINGS.end
    assert state.published_count == publisher.report.event_count == len(state.event_descriptions)


def test_about_two_clock_lines_come_in_a_second_at_any_speed() -> None:
    assert tick_interval(seconds=90, days=28) == 4 * HOUR
    assert tick_interval(seconds=15, days=28) == 22 * HOUR
    assert tick_interval(seconds=3600, days=28) == HOUR
