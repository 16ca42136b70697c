"""SPEC section 7: all that a rule says is done, in this order: points, static segments, campaigns, status, notice."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from schemas.values import MILLION, instant_ms
from streams.engine.state.points import points_at
from tests.harness.engine.engine_driver import DAY, EngineDriver, day, lead_changes, outputs_of_topic, segment_changes

ALL = {"id": "all", "dynamic": True, "when": {"all": []}}
GO = {"property": "signal", "eq": "go"}
SEGMENTS: list[dict[str, Any]] = [ALL, {"id": "vip"}, {"id": "cold"}]


def driver_with(engine_version: int = 4, **then: Any) -> EngineDriver:
    """A contact with a lead in `spring`, which has one rule, and with one in `former`."""
    campaigns: list[dict[str, Any]] = [
        {"id": "spring", "audience": ["all"], "automation": [{"id": "go", "when": GO, "then": then}]},
        {"id": "former", "audience": ["all"]},
        {"id": "next"},
    ]
    campaigns = [{**campaign, "points_changed": True} for campaign in campaigns]
    driver = EngineDriver(engine_version=engine_version, segments=SEGMENTS, campaigns=campaigns)
    driver.send("segment.member_added", day(0), segment="cold")
    return driver


def go(driver: EngineDriver) -> list[dict[str, Any]]:
    return driver.change_contact(day(1), signal="go")


@pytest.mark.parametrize(
    ("then", "status", "points"),
    [
        ({"add_points": 7, "set_status": "qualified"}, "qualified", 7),
        ({"add_points": -3, "set_status": "rejected"}, "rejected", -3),
        ({"set_points": 2.5, "set_status": "deleted"}, "deleted", 2.5),
        ({"add_points": 7, "remove_from_campaign": "spring"}, "deleted", 7),
    ],
)
def test_a_lead_that_the_rule_closes_has_the_points_that_the_rule_gives(
    then: dict[str, Any], status: str, points: float
) -> None:
    driver = driver_with(**then)
    go(driver)
    assert (driver.status("spring"), driver.points("spring")) == (status, points)


def test_a_lead_is_handed_over_with_the_points_of_the_rule_that_qualifies_it() -> None:
    outputs = go(driver_with(add_points=7, set_status="qualified"))
    assert [output["points"] for output in outputs_of_topic(outputs, "qualified-leads")] == [7]
    assert [output["points"] for output in outputs_of_topic(outputs, "leads")] == [7]


ORDER: dict[str, tuple[Any, tuple[str, str]]] = {
    "add_points": (7, ("lead.points_changed", "spring")),
    "add_to_campaign": ("next", ("lead.status_changed", "next")),
    "remove_from_campaign": ("former", ("lead.status_changed", "former")),
    "set_status": ("qualified", ("lead.status_changed", "spring")),
    "notify": ("sales", ("automation.notified", "spring")),
}
"""Action -> its operand, and type and campaign of its output; in the order of the specification."""


@pytest.mark.parametrize(
    "chosen", [chosen for size in range(2, 6) for chosen in combinations(ORDER, size)], ids=" ".join
)
def test_actions_are_done_in_the_order_of_the_specification_however_they_are_written(chosen: tuple[str, ...]) -> None:
    then = {action: ORDER[action][0] for action in reversed(chosen)}
    outputs = [output for output in go(driver_with(**then)) if output["topic"] in ("lead-changes", "notifications")]
    told = [
        (output["type"], output["campaign"]["id"] if output["type"] == "automation.notified" else output["campaign"])
        for output in outputs
    ]
    assert told == [ORDER[action][1] for action in chosen]


def test_static_segments_are_changed_even_where_the_lead_is_closed() -> None:
    outputs = go(driver_with(set_status="rejected", add_to_segment="vip", remove_from_segment="cold"))
    assert sorted(segment_changes(outputs)) == [("cold", "out"), ("vip", "in")]


def test_set_points_gives_the_lead_these_points_whatever_it_had() -> None:
    driver = driver_with(set_points=-0.000001)
    driver.send("score.adjusted", day(0, 1), campaign="spring", points=42)
    change = outputs_of_topic(go(driver), "lead-changes")[0]
    assert (change["added"], change["points"]) == (-42.000001, -0.000001)
    assert (change["cause"]["kind"], change["cause"]["rule"]) == ("automation", "go")


def test_set_points_to_what_the_lead_has_tells_nothing() -> None:
    driver = driver_with(set_points=0)
    assert outputs_of_topic(go(driver), "lead-changes") == []
    assert driver.points("spring") == 0


def test_a_rule_that_sets_points_fires_again_at_its_next_edge() -> None:
    spend = {"id": "spend", "when": {"points": {"gte": 10}}, "then": {"set_points": 1}}
    driver = EngineDriver(segments=[ALL], campaigns=[{"id": "spring", "audience": ["all"], "automation": [spend]}])
    driver.visit(day(0))
    for number in (1, 2):
        driver.send("score.adjusted", day(number), points=12)
        assert driver.points("spring") == 1


def test_points_that_were_set_decay_from_there() -> None:
    go_rule = {"id": "go", "when": GO, "then": {"set_points": 80}}
    spring = {"id": "spring", "audience": ["all"], "half_life": "10d", "automation": [go_rule]}
    driver = EngineDriver(segments=[ALL], campaigns=[spring])
    driver.send("score.adjusted", day(0), points=1)
    go(driver)
    driver.change_contact(day(21))
    assert driver.points("spring") == 20


def test_points_are_set_by_time_alone_at_that_instant() -> None:
    asleep = {"id": "asleep", "when": {"inactive_for": "10d"}, "then": {"set_points": 16}}
    spring = {"id": "spring", "audience": ["all"], "half_life": "10d", "automation": [asleep]}
    driver = EngineDriver(segments=[ALL], campaigns=[{**spring, "points_changed": True}])
    driver.visit(day(0))
    driver.send("score.adjusted", day(0), campaign="spring", points=100)
    change = outputs_of_topic(driver.tick(day(11)), "lead-changes")[0]
    assert (change["at"], change["added"], change["points"]) == ("2026-01-11T00:00:00.000Z", -34, 16)
    driver.change_contact(day(20))
    assert driver.points("spring") == 8


def test_points_that_are_set_to_the_number_shown_decay_from_exactly_that() -> None:
    floor = {"id": "floor", "when": {"points": {"lte": 5}}, "then": {"set_points": 5, "notify": "floor"}}
    spring = {"id": "spring", "audience": ["all"], "half_life": "30d", "automation": [floor]}
    low = {"id": "low", "dynamic": True, "when": {"lead": {"campaign": "spring", "points": {"lt": 2}}}}
    driver = EngineDriver(segments=[ALL, low], campaigns=[spring])
    driver.visit(day(0))  # the new lead has 0 points, so the rule fires at once
    driver.send("score.adjusted", day(0), points=2)
    outputs = driver.tick(day(90))
    (notice,) = outputs_of_topic(outputs, "notifications")
    (entered,) = outputs_of_topic(outputs, "segment-changes")
    fired, at = instant_ms(notice["at"]), instant_ms(entered["at"])
    assert points_at(7 * MILLION, day(0), fired, 30 * DAY) == 5 * MILLION, "decay shows the number that is set"
    fallen = points_at(5 * MILLION, fired, at, 30 * DAY)
    assert fallen < 2 * MILLION <= points_at(5 * MILLION, fired, at - 1, 30 * DAY)


def test_before_version_4_the_status_came_first_and_a_closed_lead_got_no_points() -> None:
    driver = driver_with(3, add_points=5, set_status="qualified", add_to_campaign="next")
    outputs = go(driver)
    assert (driver.status("spring"), driver.points("spring")) == ("qualified", 0)
    assert lead_changes(outputs) == [("spring", "active", "qualified"), ("next", None, "active")]
    assert outputs_of_topic(outputs, "qualified-leads")[0]["points"] == 0
    stays = driver_with(3, add_points=5, set_status="duplicate")
    go(stays)
    assert (stays.status("spring"), stays.points("spring")) == ("duplicate", 5)
