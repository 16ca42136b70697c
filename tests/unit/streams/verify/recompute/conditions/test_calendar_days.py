"""An instant set against a calendar date is the day it lies in; a datetime may be given as a day."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_ms
from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.conditions.instants import leaf_change_instants
from streams.verify.recompute.conditions.properties import apply_patch
from streams.verify.recompute.model import ContactModel, HistoryActivity

BERLIN = "Europe/Berlin"
MIDNIGHT = instant_ms("2026-03-30T22:00:00Z")
"""In Berlin the 31st begins; a day before it, clocks were put forward."""

DAY = 86_400_000
KINDS = pytest.mark.parametrize("kind", ["date", None])


def meets(value: Any, now: int, kind: str | None, version: int = 4, **operators: Any) -> bool:
    types = {} if kind is None else {"d": kind}
    model = ContactModel({"d": value}, types, zone=BERLIN, engine_version=version)
    return holds({"property": "d", **operators}, model, now)


@KINDS
def test_a_moving_instant_is_its_whole_day(kind: str | None) -> None:
    """`now+30d` is the 30th of April as long as today is the 31st of March."""
    leaf = {"eq": "now+30d"}
    assert not meets("2026-04-30", MIDNIGHT - 1, kind, **leaf)
    assert meets("2026-04-30", MIDNIGHT, kind, **leaf)
    assert meets("2026-04-30", MIDNIGHT + DAY - 1, kind, **leaf)
    assert not meets("2026-04-30", MIDNIGHT + DAY, kind, **leaf)
    assert meets("2026-04-30", MIDNIGHT, kind, **{"in": ["now", "now+30d"]})
    assert not meets("2026-04-30", MIDNIGHT + 5, kind, ne="now+30d")
    assert not meets("2026-04-30", MIDNIGHT + 5, kind, not_in=["now+30d"])


@KINDS
def test_a_day_with_a_clock_change_is_whole_too(kind: str | None) -> None:
    start, end = instant_ms("2026-03-28T23:00:00Z"), instant_ms("2026-03-29T22:00:00Z")
    assert not meets("2026-03-29", start - 1, kind, eq="now")
    assert meets("2026-03-29", start, kind, eq="now")
    assert meets("2026-03-29", end - 1, kind, eq="now")
    assert not meets("2026-03-29", end, kind, eq="now")


@KINDS
@pytest.mark.parametrize(
    ("operator", "before", "same", "after"),
    [
        ("eq", False, True, False),
        ("ne", True, False, True),
        ("gt", False, False, True),
        ("after", False, False, True),
        ("gte", False, True, True),
        ("lt", True, False, False),
        ("before", True, False, False),
        ("lte", True, True, False),
    ],
)
def test_every_order_is_one_of_days(kind: str | None, operator: str, before: bool, same: bool, after: bool) -> None:
    days = {"2026-03-30": before, "2026-03-31": same, "2026-04-01": after}
    for at in (MIDNIGHT, MIDNIGHT + DAY // 2, MIDNIGHT + DAY - 1):
        for day, expected in days.items():
            assert meets(day, at, kind, **{operator: "now"}) is expected
            fixed = {operator: "2026-03-31T12:00:00Z"}
            assert meets(day, 0, kind, **fixed) is expected


@KINDS
def test_between_takes_in_both_days(kind: str | None) -> None:
    ends = ["2026-03-30T21:59:59.999Z", "2026-03-31T22:00:00Z"]  # the last of the 30th, the first of the 1st
    for day, expected in (("2026-03-29", False), ("2026-03-30", True), ("2026-04-01", True), ("2026-04-02", False)):
        assert meets(day, 0, kind, between=ends) is expected


def test_the_day_lies_in_the_zone_named() -> None:
    model = ContactModel({"d": "2026-03-30", "time_zone": "America/New_York"}, {"d": "date"}, zone=BERLIN)
    assert not holds({"property": "d", "eq": "now"}, model, MIDNIGHT)
    assert holds({"property": "d", "eq": "now", "in_zone": "contact"}, model, MIDNIGHT)
    there = instant_ms("2026-03-31T04:00:00Z")
    assert holds({"property": "d", "eq": "now", "in_zone": "contact"}, model, there - 1)
    assert not holds({"property": "d", "eq": "now", "in_zone": "contact"}, model, there)


def test_a_day_inside_an_object_and_of_an_event_is_one_too() -> None:
    trips = ContactModel({"trips": [{"on": "2026-03-31"}]}, {"trips": "object"}, zone=BERLIN)
    assert holds({"property": "trips", "has_item": {"on": {"eq": "now"}}}, trips, MIDNIGHT + 5)
    event = HistoryActivity(MIDNIGHT + 5, {"properties": {"on": "2026-04-02"}}, "form", is_visit=False)
    events = ContactModel(activities=[event], zone=BERLIN)
    assert holds({"activity": {"on": {"eq": "now+2d"}}}, events, MIDNIGHT + 9 * DAY)
    assert not holds({"activity": {"on": {"eq": "now+1d"}}}, events, MIDNIGHT + 9 * DAY)


def test_an_instant_stays_an_instant() -> None:
    value = "2026-03-31T12:00:00Z"
    assert not meets(value, instant_ms(value) + 1, None, eq="now")
    assert meets(value, instant_ms(value), None, eq="now")
    assert meets(value, 0, None, eq="2026-03-31")
    assert not meets(value, instant_ms(value), None, gt="now")


def test_a_day_plus_a_fixed_length_counts_from_its_midnight() -> None:
    assert not meets("2026-03-31", MIDNIGHT + 5_000 - 1, "date", older_than="5s")
    assert meets("2026-03-31", MIDNIGHT + 5_000, "date", older_than="5s")
    assert meets("2026-03-31", MIDNIGHT - 1, "date", within_next="1s")
    assert not meets("2026-03-31", MIDNIGHT, "date", within_next="1s")


def test_time_is_known_to_turn_such_a_truth_at_local_midnight() -> None:
    for value in ("2026-03-31", "2026-03-30"):
        model = ContactModel({"d": value}, {"d": "date"}, zone=BERLIN)
        leaf = {"property": "d", "eq": "now"}
        assert MIDNIGHT in set(leaf_change_instants(leaf, model, MIDNIGHT - 10, MIDNIGHT + 10))


def test_held_for_counts_from_the_midnight() -> None:
    day = {"d": "2026-03-31"}
    model = ContactModel(day, {"d": "date"}, zone=BERLIN, created=MIDNIGHT - DAY)
    model.property_history = [(MIDNIGHT - DAY, day)]
    leaf = {"property": "d", "eq": "now", "held_for": "1h"}
    assert not holds(leaf, model, MIDNIGHT + 3_600_000 - 1)
    assert holds(leaf, model, MIDNIGHT + 3_600_000)
    assert MIDNIGHT + 3_600_000 in set(leaf_change_instants(leaf, model, MIDNIGHT, MIDNIGHT + DAY))


@KINDS
def test_before_version_4_a_day_was_its_midnight(kind: str | None) -> None:
    assert meets("2026-03-31", MIDNIGHT, kind, version=3, eq="now")
    assert not meets("2026-03-31", MIDNIGHT + 1, kind, version=3, eq="now")
    assert not meets("2026-03-31", MIDNIGHT + 1, kind, version=3, gte="now")


def test_a_text_that_is_no_date_that_exists_is_text() -> None:
    assert not meets("2026-02-30", MIDNIGHT, None, gte="now-90d")
    assert meets("2026-02-30", MIDNIGHT, None, eq="2026-02-30")


def test_a_datetime_may_be_given_as_a_day_and_is_kept_as_given() -> None:
    types = {"seen": "datetime"}
    assert apply_patch({}, {"seen": "2026-03-31"}, types) == {"seen": "2026-03-31"}
    assert apply_patch({}, {"seen": "2026-03-31"}, types, 3) == {}
    assert apply_patch({}, {"seen": "2026-03-31T09:00:00"}, types) == {}
    assert apply_patch({}, {"seen": "2026-02-30"}, types) == {}
    assert apply_patch({}, {"seen": 1e308}, {"seen": "number"}) == {"seen": 1e308}


def test_a_datetime_given_as_a_day_is_its_midnight_in_the_accounts_zone() -> None:
    model = ContactModel({"seen": "2026-03-31", "time_zone": "Asia/Tokyo"}, {"seen": "datetime"}, zone=BERLIN)
    for zone in ("account", "contact"):
        assert holds({"property": "seen", "eq": "now", "in_zone": zone}, model, MIDNIGHT)
        assert not holds({"property": "seen", "eq": "now", "in_zone": zone}, model, MIDNIGHT + 1)
        assert holds({"property": "seen", "within_last": "1s", "in_zone": zone}, model, MIDNIGHT + 999)
        assert not holds({"property": "seen", "within_last": "1s", "in_zone": zone}, model, MIDNIGHT + 1_000)
    tomorrow_there = {"property": "seen", "gte": "now/d", "lt": "now+1d/d", "in_zone": "contact"}
    start = instant_ms("2026-03-30T15:00:00Z")
    assert holds(tomorrow_there, model, start)
    assert not holds(tomorrow_there, model, start + DAY)
    assert start + DAY in set(leaf_change_instants(tomorrow_there, model, start + DAY - 5, start + DAY + 5))


def test_the_days_of_a_zone_that_left_one_out_are_days() -> None:
    """Samoa had no 30 December 2011."""
    model = ContactModel({"d": "2011-12-30"}, {"d": "date"}, zone="Pacific/Apia")
    assert holds({"property": "d", "eq": "2011-12-30"}, model, 0)
    assert not holds({"property": "d", "eq": "2011-12-31"}, model, 0)
    after = {"property": "d", "lt": "2011-12-31T12:00:00+14:00"}
    assert holds(after, model, 0)
