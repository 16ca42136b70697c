"""Events of the past with equal fields are looked at once, and match the counters that each of them would."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from streams.engine.conditions.activities.filter_index import FilterIndex
from streams.engine.conditions.protocols import Activity
from streams.engine.decisions.apply_event import activity_from_fields
from streams.engine.partition import past_activities
from streams.engine.partition.backfill_contact import PastEvent, decode_fields
from streams.engine.partition.past_activities import MAX_FIELD_BYTES, PastActivities
from streams.engine.releases.compile import compile_release
from tests.harness.engine.engine_driver import day, sound_definitions

PRICING = {"visit": {"path": {"eq": "/pricing"}}}
ORDERS = {"activity": {"name": {"eq": "order"}}, "sum": {"of": "value", "gte": 10}}
AGAIN = {"activity": {"path": {"starts_with": "/"}}, "count": {"gte": 2}, "within": "3d"}
SOON = {"activity": {"until": {"within_next": "5d"}}}


class Counted(FilterIndex):
    """An index that counts how often it is asked."""

    asked = 0

    def matching(self, activity: Activity) -> Any:
        self.asked += 1
        return super().matching(activity)


def index_of(*conditions: dict[str, Any]) -> Counted:
    segments = [{"id": f"s{place}", "dynamic": True, "when": when} for place, when in enumerate(conditions)]
    return Counted(compile_release(sound_definitions({"segments": segments}), 1).counters)


def event_of(kind: str, at: int, fields: dict[str, Any]) -> PastEvent:
    return PastEvent(kind, "e", at, fields=msgspec.Raw(msgspec.json.encode(fields)))


def fields_of(rng: random.Random) -> dict[str, Any]:
    choice = rng.choice
    fields: dict[str, Any] = {"name": choice(("order", "call"))} if rng.random() < 0.5 else {}
    if rng.random() < 0.7:
        fields["url"] = f"https://shop.example{choice(('/pricing', '/docs', ''))}"
    if rng.random() < 0.5:
        fields["properties"] = {"value": choice((1, "x", 12.5)), "until": choice(("2026-03-04", "2027-01-01", 7))}
    return fields


@pytest.mark.parametrize("conditions", [(PRICING,), (PRICING, ORDERS, AGAIN), (PRICING, SOON, AGAIN), ()])
@pytest.mark.parametrize("most", [3, 4_096])
def test_events_match_what_each_would_alone(
    conditions: tuple[dict[str, Any], ...], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_activities, "MAX_KNOWN_FIELDS", most)
    rng, index = random.Random(len(conditions)), index_of(*conditions)
    activities, found = PastActivities(index), 0
    for number in range(500):
        event = event_of(rng.choice(("web.visited", "activity.recorded")), day(number % 400), fields_of(rng))
        alone = activity_from_fields(event.type, event.at, decode_fields(event.fields))
        counters, activity = activities.matches(event)
        expected = FilterIndex.matching(index, alone)
        assert list(counters) == expected
        if expected:
            assert activity == alone
            found += 1
    assert bool(found) is bool(conditions)


def test_equal_fields_are_looked_up_once_where_the_instant_makes_no_difference() -> None:
    index = index_of(PRICING)
    activities = PastActivities(index)
    for number in range(20):
        activities.matches(event_of("web.visited", day(number), {"url": "https://shop.example/pricing"}))
    assert index.asked == 1
    activities.matches(event_of("activity.recorded", day(1), {"url": "https://shop.example/pricing"}))
    assert index.asked == 2


def test_where_a_filter_compares_dates_each_event_is_looked_up() -> None:
    index = index_of(SOON)
    activities = PastActivities(index)
    fields = {"name": "trial", "properties": {"until": "2026-03-04T00:00:00Z"}}
    found = [bool(activities.matches(event_of("activity.recorded", day(number), fields))[0]) for number in range(90)]
    assert index.asked == 90
    assert {True, False} == set(found)


def test_long_fields_are_not_kept() -> None:
    index = index_of(PRICING)
    activities = PastActivities(index)
    for _ in range(2):
        activities.matches(event_of("web.visited", day(0), {"title": "x" * MAX_FIELD_BYTES}))
    assert index.asked == 2
