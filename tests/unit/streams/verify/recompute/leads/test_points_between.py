"""`points_between`, told by the batch evaluator; results are worked out by hand."""

from __future__ import annotations

from typing import Any

from tests.harness.engine.engine_driver import day
from tests.harness.verify.batch_driver import BatchDriver


def driver_with(**campaign: Any) -> BatchDriver:
    driver = BatchDriver(campaigns=[{"id": "spring", **campaign}])
    driver.send("lead.added", day(0), campaign="spring")
    return driver


def adjust(driver: BatchDriver, at: int, points: float) -> None:
    driver.send("score.adjusted", at, campaign="spring", points=points)


def test_what_is_cut_is_lost_above_and_below() -> None:
    driver = driver_with(points_between=[0, 100])
    adjust(driver, day(1), 130)
    assert driver.lead() == ("active", 100)
    adjust(driver, day(2), -30)
    assert driver.lead() == ("active", 70)
    adjust(driver, day(3), -90)
    assert driver.lead() == ("active", 0)
    adjust(driver, day(4), 5)
    assert driver.lead() == ("active", 5)


def test_the_bounds_themselves_are_within_and_a_millionth_beyond_is_not() -> None:
    driver = driver_with(points_between=[-1.5, 2.5])
    adjust(driver, day(1), 2.5)
    assert driver.lead()[1] == 2.5
    adjust(driver, day(2), 0.000001)
    assert driver.lead()[1] == 2.5
    adjust(driver, day(3), -4.000001)
    assert driver.lead()[1] == -1.5


def test_the_journals_order_decides_what_is_cut_not_the_instants() -> None:
    late_last = driver_with(points_between=[0, 10])
    adjust(late_last, day(2), -5)  # cut to 0
    adjust(late_last, day(1), 8)
    assert late_last.lead()[1] == 8
    in_order = driver_with(points_between=[0, 10])
    adjust(in_order, day(1), 8)
    adjust(in_order, day(2), -5)
    assert in_order.lead()[1] == 3


def test_each_award_of_a_record_is_cut_by_itself() -> None:
    rules = [{"id": "a", "when": {"visit": {}}, "points": 9}, {"id": "b", "when": {"visit": {}}, "points": -4}]
    driver = driver_with(points_between=[0, 5], scoring=rules)
    driver.visit(day(1))
    assert driver.lead()[1] == 1  # 9 cut to 5, minus 4


def test_an_award_that_is_cut_still_counts_for_its_cap() -> None:
    rule = {"id": "visit", "when": {"visit": {}}, "points": 5, "at_most": {"times": 2, "per": "1d"}}
    driver = driver_with(points_between=[0, 5], scoring=[rule])
    driver.visit(day(1))
    driver.visit(day(1, 1))  # all of it is cut
    adjust(driver, day(1, 2), -5)
    driver.visit(day(1, 3))
    assert driver.lead()[1] == 0
    driver.visit(day(2, 1))
    assert driver.lead()[1] == 5


def test_an_award_that_changes_nothing_writes_no_row() -> None:
    driver = driver_with(points_between=[0, 5], scoring=[{"id": "visit", "when": {"visit": {}}, "points": 5}])
    driver.visit(day(1))
    driver.visit(day(2))
    row = driver.contact().leads["spring"].row
    assert row is not None
    assert row.at == day(1)


def test_points_that_a_rule_adds_or_sets_are_cut_too() -> None:
    form = {"activity": {"name": {"eq": "form"}}}
    for then in ({"add_points": 9}, {"set_points": 9}):
        driver = driver_with(points_between=[0, 4], automation=[{"id": "r", "when": form, "then": then}])
        driver.send("activity.recorded", day(1), name="form")
        assert driver.lead()[1] == 4


def test_decay_goes_on_from_the_bound() -> None:
    driver = driver_with(points_between=[0, 8], half_life="1d")
    adjust(driver, day(1), 100)
    adjust(driver, day(3), 4)  # 8 halved twice, plus 4
    assert driver.lead()[1] == 6
    adjust(driver, day(2), 100)  # late: 50 of it are left, of which 6 fill the bound again
    adjust(driver, day(4), 0.5)  # the clock stood on day 3: 8 halved once
    assert driver.lead()[1] == 4.5


def test_a_release_with_other_bounds_cuts_at_its_marker() -> None:
    driver = driver_with(points_between=[0, 100])
    adjust(driver, day(1), 90)
    driver.apply(at=day(2), campaigns=[{"id": "spring", "points_between": [0, 40]}])
    lead = driver.contact().leads["spring"]
    assert lead.row is not None
    assert (lead.row.at, lead.row.points) == (day(2), 40)
    driver.apply(at=day(3), campaigns=[{"id": "spring"}])
    adjust(driver, day(4), 100)
    assert driver.lead()[1] == 140


def test_a_rule_fires_when_a_release_cuts_points_to_where_its_condition_becomes_true() -> None:
    cold = {"id": "cold", "when": {"points": {"lt": 50}}, "then": {"notify": "cold"}}
    driver = BatchDriver(campaigns=[{"id": "spring", "automation": [cold]}])
    driver.send("lead.added", day(0), campaign="spring")
    adjust(driver, day(1), 90)
    driver.apply(at=day(2), campaigns=[{"id": "spring", "automation": [cold], "points_between": [0, 40]}])
    assert driver.notices() == [(day(0), "cold", "cold", "active", 0), (day(2), "cold", "cold", "active", 40)]


def test_bounds_hold_of_a_closed_lead_from_where_it_takes_points_again() -> None:
    driver = driver_with()
    adjust(driver, day(1), 90)
    driver.send("lead.qualified", day(2), campaign="spring")
    driver.apply(at=day(3), campaigns=[{"id": "spring", "points_between": [0, 40]}])
    assert driver.lead() == ("qualified", 90)
    driver.send("lead.reactivated", day(4), campaign="spring")
    assert driver.lead() == ("active", 40)
