"""The demo's traffic: the same for the same seed, in order of time, and well formed."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

from schemas.values import instant_ms
from streams.demo.traffic import DAY, HOUR, TrafficSettings, generate_traffic
from streams.engine.journal.event_types import EVENT_TYPES

SMALL = TrafficSettings(contacts=60, days=14)


def test_the_same_seed_gives_the_same_traffic_and_another_seed_another() -> None:
    first = json.dumps(list(generate_traffic(SMALL)))
    assert json.dumps(list(generate_traffic(SMALL))) == first
    assert json.dumps(list(generate_traffic(TrafficSettings(contacts=60, days=14, seed=8)))) != first


def test_events_come_in_order_of_time_with_unique_ids() -> None:
    events = list(generate_traffic(SMALL))
    instants = [instant_ms(event["at"]) for event in events]
    assert all(before <= after for before, after in pairwise(instants))
    ids = [event["id"] for event in events if event["type"] != "clock.advanced"]
    assert len(set(ids)) == len(ids)


def test_a_clock_line_comes_at_every_tick_and_no_event_is_behind_it() -> None:
    events = list(generate_traffic(SMALL))
    ticks = [instant_ms(event["at"]) for event in events if event["type"] == "clock.advanced"]
    assert ticks == [SMALL.begin + number * 6 * HOUR for number in range(1, 14 * 4 + 1)]
    uneven = list(generate_traffic(TrafficSettings(contacts=60, days=14, tick=25 * HOUR)))
    assert instant_ms(uneven[-1]["at"]) == SMALL.begin + 14 * DAY
    clock = SMALL.begin
    for event in events:
        assert instant_ms(event["at"]) >= clock
        if event["type"] == "clock.advanced":
            clock = instant_ms(event["at"])


def test_every_event_is_valid() -> None:
    events = [event for event in generate_traffic(TrafficSettings()) if event["type"] != "clock.advanced"]
    for event in events:
        EVENT_TYPES[event["type"]].validate(event | {"id": event["id"]})
    counts = Counter(event["type"] for event in events)
    assert len({event["contact"] for event in events}) == 400
    for event_type in ("web.visited", "activity.recorded", "score.adjusted", "lead.rejected", "lead.qualified"):
        assert counts[event_type] >= 5
    assert sum(event.get("status") == "bounced" for event in events) >= 5
