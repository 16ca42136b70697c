"""The events of the back-fill benchmark, and the members that its generator knows."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.backfill.contacts import (
    COUNTED_PAGE,
    NEEDED_VISITS,
    PATTERN,
    WINDOW_DAYS,
    LiveEvents,
    expected_members,
    last_events,
    past_events,
)
from benchmarks.live_edit.contacts import DAY_SECONDS
from schemas.values import instant_ms
from streams.kafka.partitions import partition_for_key

NOW = instant_ms("2026-03-01T00:00:00Z")


@pytest.mark.parametrize("live_count", [0, 1, 2, 500])
def test_members_are_those_whose_visits_are_enough_and_lie_inside_the_window(live_count: int) -> None:
    contacts = 20 * PATTERN
    live = LiveEvents(contacts, clock=lambda: float(NOW))
    events = [event for _, event in past_events(contacts, NOW)] + [live.next_event()[1] for _ in range(live_count)]
    start = NOW - WINDOW_DAYS * DAY_SECONDS * 1000
    visits = Counter(
        event["contact"]
        for event in events
        if event.get("url", "").endswith(COUNTED_PAGE) and instant_ms(event["at"]) > start
    )
    members = {contact for contact, count in visits.items() if count >= NEEDED_VISITS}
    assert members == expected_members(contacts, live_count)
    assert len(expected_members(contacts, 0)) == 3 * contacts // PATTERN


def test_each_contact_has_one_event_or_two_before_the_release() -> None:
    counts = Counter(event["contact"] for _, event in past_events(PATTERN, NOW))
    assert len(counts) == PATTERN
    assert set(counts.values()) == {1, 2}


def test_a_probe_changes_the_property_each_time() -> None:
    live = LiveEvents(3)
    values: dict[str, list[bool]] = {}
    for _ in range(60):
        _, event = live.next_event()
        if event["type"] == "contact.changed":
            values.setdefault(event["contact"], []).append(event["properties"]["probe"])
    assert sum(map(len, values.values())) == live.probes == 15
    assert all(value != (number % 2) for each in values.values() for number, value in enumerate(each))


def test_the_last_events_reach_each_partition_once() -> None:
    partitions = [partition_for_key(event["contact"].encode(), 4) for _, event in last_events(4, NOW)]
    assert sorted(partitions) == [0, 1, 2, 3]
