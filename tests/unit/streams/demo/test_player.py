"""The player: the whole traffic in its order, within the time it is given."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, cast

from streams.demo.player import TrafficPlayer, tick_interval
from streams.demo.state import DemoState
from streams.demo.traffic import HOUR, TrafficSettings, generate_traffic
from streams.publish.lines import ClockLine, EventLine, ParsedLine
from streams.publish.publisher import Publisher, PublishReport

MARKET = TrafficSettings(contacts=20, days=4)


class CollectingPublisher:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.items: list[ParsedLine] = []
        self.report = PublishReport()

    async def publish(self, items: Iterable[ParsedLine]) -> None:
        for item in items:
            self.items.append(item)
            if isinstance(item, EventLine):
                self.report.count_event(item.event)


async def test_it_plays_everything_once_in_order_and_takes_its_time() -> None:
    publisher, state = CollectingPublisher(), DemoState(begin=MARKET.begin, end=MARKET.end)
    began = time.monotonic()
    await TrafficPlayer(cast(Publisher, publisher), state, MARKET, seconds=1.0).play()
    assert 1.0 <= time.monotonic() - began < 30.0
    played: list[Any] = [each.at for each in publisher.items if isinstance(each, EventLine | ClockLine)]
    assert len(played) == len(list(generate_traffic(MARKET)))
    assert played == sorted(played)
    assert state.simulated_instant == MARKET.end
    assert state.published_count == publisher.report.event_count == len(state.event_descriptions)


def test_time_is_told_about_twice_a_second_whatever_the_speed() -> None:
    assert tick_interval(seconds=90, days=28) == 4 * HOUR
    assert tick_interval(seconds=15, days=28) == 22 * HOUR
    assert tick_interval(seconds=3600, days=28) == HOUR
