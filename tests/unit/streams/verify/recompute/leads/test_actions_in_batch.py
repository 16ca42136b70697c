"""What a rule does, in its order, told by the batch evaluator; results are worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.verify.recompute.leads.decay import decay_points, round_points
from tests.harness.engine.engine_driver import DAY, day
from tests.harness.verify.batch_driver import BatchDriver

FORM = {"activity": {"name": {"eq": "form"}}}


def driver_with(then: dict[str, Any], version: int = 4, **campaign: Any) -> BatchDriver:
    """Returns a driver whose contact is a lead with a rule on its first form, and that sent one on the second day."""
    rule = {"id": "r", "when": FORM, "then": then}
    campaigns = [{"id": "spring", "automation": [rule], **campaign}, {"id": "autumn"}]
    driver = BatchDriver(engine_version=version, segments=[{"id": "vip"}, {"id": "cold"}], campaigns=campaigns)
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("activity.recorded", day(1), name="form")
    return driver


@pytest.mark.parametrize(("version", "points"), [(4, 7), (3, 0)])
def test_points_come_before_the_status_that_ends_the_lead_from_version_4_on(version: int, points: int) -> None:
    driver = driver_with({"add_points": 7, "set_status": "qualified"}, version)
    assert driver.lead() == ("qualified", points)


def test_points_count_beside_a_status_that_keeps_the_lead_open_in_both_versions() -> None:
    for version in (3, 4):
        assert driver_with({"set_status": "duplicate", "add_points": -2.5}, version).lead() == ("duplicate", -2.5)


def test_points_count_beside_removal_from_the_campaign_and_segments_change_too() -> None:
    driver = driver_with({"remove_from_campaign": "spring", "add_points": 3, "add_to_segment": "vip"})
    assert driver.lead() == ("deleted", 3)
    assert driver.contact().fixed_memberships.listed == {"vip"}


def test_all_that_a_rule_says_is_done() -> None:
    driver = driver_with(
        {
            "add_points": 7,
            "add_to_segment": "vip",
            "remove_from_segment": "cold",
            "add_to_campaign": "autumn",
            "set_status": "rejected",
            "notify": "sales",
        }
    )
    assert driver.lead() == ("rejected", 7)
    assert driver.lead("autumn") == ("active", 0)
    assert driver.contact().fixed_memberships.listed == {"vip"}
    assert driver.notices() == [(day(1), "r", "sales", "rejected", 7)]


def test_points_that_a_rule_sets_take_the_place_of_those_before() -> None:
    driver = driver_with({"set_points": 2})
    assert driver.lead() == ("active", 2)
    driver.send("score.adjusted", day(2), campaign="spring", points=9)
    assert driver.lead() == ("active", 11)


def test_points_set_to_zero_are_0_and_set_where_they_stand_change_nothing() -> None:
    rule = {"id": "r", "when": {"points": {"gte": 5}}, "then": {"set_points": 0}}
    driver = BatchDriver(campaigns=[{"id": "spring", "automation": [rule]}])
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("score.adjusted", day(1), campaign="spring", points=6)
    assert driver.lead() == ("active", 0)
    same = driver_with({"set_points": 0})
    row = same.contact().leads["spring"].row
    assert row is not None
    assert row.at == day(0)


def test_set_points_decay_from_the_instant_at_which_they_are_set() -> None:
    driver = driver_with({"set_points": 8}, half_life="1d")
    driver.tick(day(4))
    driver.send("lead.qualified", day(4), campaign="spring")
    assert driver.lead() == ("qualified", 1)


def test_a_later_rule_sees_the_points_that_the_one_before_set() -> None:
    rules = [
        {"id": "set", "when": FORM, "then": {"set_points": 5}},
        {"id": "hot", "when": {"points": {"gte": 5}}, "then": {"set_status": "qualified"}},
    ]
    driver = BatchDriver(campaigns=[{"id": "spring", "automation": rules}])
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("activity.recorded", day(1), name="form")
    assert driver.lead() == ("qualified", 5)


def test_a_notice_shows_the_lead_as_its_own_rule_leaves_it() -> None:
    rules = [
        {"id": "first", "when": FORM, "then": {"notify": "one", "add_points": 1}},
        {"id": "second", "when": FORM, "then": {"notify": "two", "add_points": 2, "set_status": "qualified"}},
        {"id": "third", "when": FORM, "then": {"notify": "three"}},
    ]
    driver = BatchDriver(campaigns=[{"id": "spring", "automation": rules}])
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("activity.recorded", day(1), name="form")
    assert driver.notices() == [
        (day(1), "first", "one", "active", 1),
        (day(1), "second", "two", "qualified", 3),
    ]  # the second takes the lead out, which ends its processing


def test_a_notice_comes_once_for_each_edge() -> None:
    rule = {"id": "warm", "when": {"points": {"gte": 5}}, "then": {"notify": "sales"}}
    driver = BatchDriver(campaigns=[{"id": "spring", "automation": [rule]}])
    driver.send("lead.added", day(0), campaign="spring")
    for number, points in enumerate((6, 1, -4, 3), start=1):
        driver.send("score.adjusted", day(number), campaign="spring", points=points)
    assert driver.notices() == [(day(1), "warm", "sales", "active", 6), (day(4), "warm", "sales", "active", 6)]


def test_a_notice_by_time_alone_is_due_to_the_millisecond() -> None:
    rule = {"id": "old", "when": {"lead_age": {"gte": "3d"}}, "then": {"notify": "owner"}}
    driver = BatchDriver(campaigns=[{"id": "spring", "automation": [rule]}])
    driver.send("lead.added", day(0), campaign="spring")
    driver.tick(day(3))
    assert driver.notices() == []
    driver.tick(day(3, 1))
    assert driver.notices() == [(day(3), "old", "owner", "active", 0)]


def test_points_that_are_set_to_the_number_shown_decay_from_exactly_that() -> None:
    floor = {"id": "floor", "when": {"points": {"lte": 5}}, "then": {"set_points": 5, "notify": "floor"}}
    low = {"id": "low", "when": {"points": {"lt": 2}}, "then": {"notify": "low"}}
    driver = BatchDriver(campaigns=[{"id": "spring", "half_life": "30d", "automation": [floor, low]}])
    driver.send("lead.added", day(0), campaign="spring")  # the new lead has 0 points, so both fire at once
    driver.send("score.adjusted", day(0), points=2)
    driver.tick(day(90))
    fired, at = (notice[0] for notice in driver.notices()[-2:])
    assert (driver.notices()[-2][1:3], driver.notices()[-1][1:3]) == (("floor", "floor"), ("low", "low"))
    points = [round_points(decay_points(Decimal(5_000_000), each - fired, 30 * DAY)) for each in (at - 1, at)]
    assert points[1] < 2_000_000 <= points[0]


def test_points_that_are_cut_to_the_number_shown_decay_from_exactly_the_bound() -> None:
    asleep = {"id": "asleep", "when": {"inactive_for": "1m"}, "then": {"add_points": 1}}
    low = {"id": "low", "when": {"points": {"lt": 2}}, "then": {"notify": "low"}}
    spring = {"id": "spring", "half_life": "1000000d", "points_between": [0, 5], "automation": [asleep, low]}
    driver = BatchDriver(campaigns=[spring])
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("score.adjusted", day(0), points=5)
    driver.tick(day(1_400_000))
    at, cut = driver.notices()[-1][0], day(0, 60_000)
    points = [round_points(decay_points(Decimal(5_000_000), each - cut, 1_000_000 * DAY)) for each in (at - 1, at)]
    assert points[1] < 2_000_000 <= points[0]
