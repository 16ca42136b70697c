"""SPEC section 3: `points_between` clamps after each change in journal order; what is cut is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.values import MILLION, instant_ms
from streams.engine.state.points import points_at
from tests.harness.engine.engine_driver import DAY, HOUR, EngineDriver, day, lead_changes, outputs_of_topic

ALL = {"id": "all", "dynamic": True, "when": {"all": []}}
PAGE = {"id": "page", "when": {"visit": {"path": {"eq": "/pricing"}}}, "points": 10}


def campaign(**fields: Any) -> dict[str, Any]:
    return {"id": "spring", "audience": ["all"], "points_changed": True, "points_between": [0, 100], **fields}


def driver_of(**fields: Any) -> EngineDriver:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(**fields)])
    driver.change_contact(day(0))
    return driver


def score(driver: EngineDriver, points: float, at: int = day(1)) -> list[dict[str, Any]]:
    return outputs_of_topic(driver.send("score.adjusted", at, points=points), "lead-changes")


def test_points_beyond_the_bounds_are_lost() -> None:
    driver = driver_of()
    for points, after in ((80, 80), (50, 100), (-30, 70), (-90, 0), (5, 5)):
        score(driver, points)
        assert driver.points("spring") == after


@pytest.mark.parametrize(
    ("points", "after"), [(0.000001, 100), (0.000002, 100), (-0.000001, 99.999998), (-99.999999, 0), (-100, 0)]
)
def test_both_bounds_lie_within_to_the_last_digit(points: float, after: float) -> None:
    driver = driver_of()
    score(driver, 99.999999)
    score(driver, points)
    assert driver.points("spring") == after


def test_the_contacts_own_score_has_no_bounds() -> None:
    driver = driver_of()
    score(driver, 150)
    assert (driver.contact().score, driver.points("spring")) == (150 * MILLION, 100)


def test_what_was_really_added_is_told_and_nothing_where_all_was_cut() -> None:
    driver = driver_of()
    score(driver, 70)
    change = score(driver, 50)[0]
    assert (change["added"], change["points"]) == (30, 100)
    assert score(driver, 50) == []


def test_an_award_that_was_cut_still_counts_for_at_most() -> None:
    driver = driver_of(points_between=[0, 10], scoring=[{**PAGE, "at_most": {"times": 1, "per": "1d"}}])
    score(driver, 10)
    driver.visit(day(2), "/pricing")
    score(driver, -10, day(2, HOUR))
    driver.visit(day(3, -1), "/pricing")
    assert driver.points("spring") == 0
    driver.visit(day(3), "/pricing")
    assert driver.points("spring") == 10


def test_set_points_is_cut_too() -> None:
    rule = {"id": "r", "when": {"property": "signal", "eq": "go"}, "then": {"set_points": 101}}
    driver = driver_of(automation=[rule])
    driver.change_contact(day(1), signal="go")
    assert driver.points("spring") == 100


def test_a_release_with_other_bounds_clamps_at_its_marker() -> None:
    full = {"id": "full", "when": {"points": {"lte": 50}}, "then": {"set_status": "qualified"}}
    driver = driver_of(automation=[full], points_between=None)
    driver.send("lead.reactivated", day(0), campaign="spring")
    score(driver, 80)
    assert driver.status("spring") == "active"
    outputs = driver.apply(segments=[ALL], campaigns=[campaign(automation=[full], points_between=[0, 50])])
    told = [each for each in outputs_of_topic(outputs, "lead-changes") if "added" in each]
    assert [(each["added"], each["points"]) for each in told] == [(-30, 50)]
    assert told[0]["cause"] == {"kind": "definition", "release": 2}
    assert lead_changes(outputs) == [("spring", "active", "qualified")]


def test_a_release_with_wider_bounds_brings_nothing_back() -> None:
    driver = driver_of(points_between=[-5, 5])
    score(driver, 80)
    driver.apply(segments=[ALL], campaigns=[campaign(points_between=[-500, 500])])
    assert driver.points("spring") == 5


def test_a_lead_that_takes_no_points_keeps_them_until_it_is_reactivated() -> None:
    driver = driver_of()
    score(driver, 80)
    driver.send("lead.qualified", day(2), campaign="spring")
    outputs = driver.apply(segments=[ALL], campaigns=[campaign(points_between=[0, 50])])
    assert outputs_of_topic(outputs, "leads") == []
    assert driver.points("spring") == 80
    outputs = driver.send("lead.reactivated", day(3), campaign="spring")
    told = [(output["type"], output["points"]) for output in outputs if output["topic"] in ("lead-changes", "leads")]
    assert told == [("lead.status_changed", 80), ("lead.points_changed", 50), ("lead", 50)]


def test_points_that_decay_are_clamped_as_they_are_at_that_instant() -> None:
    driver = driver_of(half_life="10d")
    score(driver, 80, day(0))
    score(driver, 70, day(10))
    assert driver.points("spring") == 100
    driver.change_contact(day(20))
    assert driver.points("spring") == 50


def test_a_late_score_is_decayed_before_it_is_clamped() -> None:
    driver = driver_of(half_life="10d")
    score(driver, 80, day(10))
    score(driver, 100, day(0))
    assert driver.points("spring") == 100
    score(driver, -50, day(10))
    score(driver, 40, day(0))
    assert driver.points("spring") == 70


def test_what_decayed_before_the_marker_is_not_cut() -> None:
    driver = driver_of(half_life="10d")
    score(driver, 80, day(0))
    driver.tick(day(10))
    driver.apply(day(10), segments=[ALL], campaigns=[campaign(half_life="10d", points_between=[0, 40])])
    assert driver.points("spring") == 40
    driver.apply(day(10), segments=[ALL], campaigns=[campaign(half_life="10d", points_between=[0, 39.5])])
    assert driver.points("spring") == 39.5


def test_points_that_are_cut_to_the_number_shown_decay_from_exactly_the_bound() -> None:
    asleep = {"id": "asleep", "when": {"inactive_for": "1m"}, "then": {"add_points": 1}}
    cold = {"id": "cold", "when": {"points": {"lt": 2}}, "then": {"set_status": "rejected"}}
    half_life = 1_000_000 * DAY  # too long for a minute to show
    driver = driver_of(half_life="1000000d", points_between=[0, 5], automation=[asleep, cold])
    driver.send("lead.reactivated", day(0), campaign="spring")
    score(driver, 5, day(0))
    assert outputs_of_topic(driver.tick(day(1)), "lead-changes") == []
    (change,) = outputs_of_topic(driver.tick(day(1_400_000)), "lead-changes")
    at = instant_ms(change["at"])
    fallen = points_at(5 * MILLION, day(0, 60_000), at, half_life)
    assert fallen < 2 * MILLION <= points_at(5 * MILLION, day(0, 60_000), at - 1, half_life)


def test_a_lead_at_its_bound_still_decays_across_a_threshold() -> None:
    cold = {"id": "cold", "when": {"points": {"lt": 50}}, "then": {"set_status": "rejected"}}
    driver = driver_of(half_life="10d", automation=[cold])
    driver.send("lead.reactivated", day(0), campaign="spring")
    score(driver, 1_000, day(0))
    (change,) = outputs_of_topic(driver.tick(day(30)), "lead-changes")
    assert change["at"][:10] == "2026-01-11"
    assert change["points"] == 49.999999


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(-3 * MILLION, 3 * MILLION), max_size=12),
    st.integers(-2 * MILLION, 0),
    st.integers(0, 2 * MILLION),
)
def test_points_are_the_fold_of_all_changes_each_cut_to_the_bounds(changes: list[int], least: int, most: int) -> None:
    driver = driver_of(points_between=[least / MILLION, most / MILLION])
    expected = 0
    for number, change in enumerate(changes):
        told = score(driver, change / MILLION, day(1, number))
        before, expected = expected, max(least, min(most, expected + change))
        assert driver.contact().leads["spring"].points == expected
        assert [round(each["added"] * MILLION) for each in told] == (
            [expected - before] if expected != before else []
        )
