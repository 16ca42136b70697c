"""The player: the whole traffic in its order, within the time it is given."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, cast

from streams.demo.player import Player, ticks_for
from streams.demo.state import State
from streams.demo.traffic import HOUR, Market, traffic
from streams.publish.lines import ClockLine, EventLine, Item
from streams.publish.publisher import Publisher, Report

MARKET = Market(contacts=20, days=4)


class Collected:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.report = Report()

    async def publish(self, items: Iterable[Item]) -> None:
        for item in items:
            self.items.append(item)
            if isinstance(item, EventLine):
                self.report.count(item.outgoing)


async def test_it_plays_everything_once_in_order_and_takes_its_time() -> None:
    publisher, state = Collected(), State(begin=MARKET.begin, end=MARKET.end)
    began = time.monotonic()
    await Player(cast(Publisher, publisher), state, MARKET, seconds=1.0).play()
    assert 1.0 <= time.monotonic() - began < 30.0
    played: list[Any] = [each.at for each in publisher.items if isinstance(each, EventLine | ClockLine)]
    assert len(played) == len(list(traffic(MARKET)))
    assert played == sorted(played)
    assert state.simulated == MARKET.end
    assert state.published == publisher.report.published == len(state.stories)


def test_time_is_told_about_twice_a_second_whatever_the_speed() -> None:
    assert ticks_for(seconds=90, days=28) == 4 * HOUR
    assert ticks_for(seconds=15, days=28) == 22 * HOUR
    assert ticks_for(seconds=3600, days=28) == HOUR
