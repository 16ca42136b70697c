"""A release that raises the engine version under leads and rules; told by the batch evaluator, worked out by hand.

The condition is one whose meaning changed: an undeclared "23" is a number from version 4 on (SPEC section 5).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.engine.engine_driver import day
from tests.harness.verify.batch_driver import BatchDriver

LARGE = {"property": "employees", "gte": 5}
SEGMENT = {"id": "large", "dynamic": True, "when": LARGE}


def driver_with(value: Any, **campaign: Any) -> tuple[BatchDriver, dict[str, Any]]:
    """Returns a driver whose lead has a rule on a large company, and its definitions; employees came on day 1."""
    definitions = {"segments": [SEGMENT], "campaigns": [{"id": "spring", **campaign}]}
    driver = BatchDriver(engine_version=3, **definitions)
    driver.send("lead.added", day(0), campaign="spring")
    driver.change_contact(day(1), employees=value)
    return driver, definitions


def rule(**fields: Any) -> dict[str, Any]:
    return {"id": "r", "when": LARGE, "then": {"add_points": 1}, **fields}


def test_members_are_those_of_the_version_in_force() -> None:
    driver, definitions = driver_with("23")
    assert driver.contact().model.members == set()
    driver.apply(at=day(2), engine_version=4, **definitions)
    assert driver.contact().model.members == {"large"}


def test_a_contact_whose_first_record_comes_after_the_raise_is_decided_by_the_new_version() -> None:
    driver = BatchDriver(engine_version=3, segments=[SEGMENT])
    driver.apply(at=day(0), engine_version=4, segments=[SEGMENT])
    driver.change_contact(day(1), employees="23")
    assert driver.contact().model.members == {"large"}


def test_a_segment_that_is_paused_at_the_raise_keeps_its_members_by_the_former_meaning() -> None:
    driver, definitions = driver_with("23")
    paused = [{**SEGMENT, "paused": True}]
    driver.apply(at=day(2), **{**definitions, "engine_version": 4, "segments": paused})
    assert driver.contact().model.members == set()
    driver.apply(at=day(3), engine_version=4, **definitions)
    assert driver.contact().model.members == {"large"}


def test_a_contact_that_enters_the_audience_by_the_new_meaning_becomes_a_lead_at_the_marker() -> None:
    definitions: dict[str, Any] = {"segments": [SEGMENT], "campaigns": [{"id": "spring", "audience": ["large"]}]}
    driver = BatchDriver(engine_version=3, **definitions)
    driver.change_contact(day(1), employees="23")
    assert driver.contact().leads == {}
    driver.apply(at=day(2), engine_version=4, **definitions)
    assert driver.contact().leads["spring"].created == day(2)


def test_a_rule_that_is_true_by_both_meanings_does_not_fire_again() -> None:
    for apply_to_existing in (False, True):
        driver, definitions = driver_with(23, automation=[rule(apply_to_existing=apply_to_existing)])
        assert driver.lead() == ("active", 1)
        driver.apply(at=day(2), engine_version=4, **definitions)
        assert driver.lead() == ("active", 1)


def test_a_rule_that_becomes_true_by_the_new_meaning_fires_only_where_it_applies_to_existing_leads() -> None:
    for apply_to_existing, points in ((False, 0), (True, 1)):
        driver, definitions = driver_with("23", automation=[rule(apply_to_existing=apply_to_existing)])
        driver.apply(at=day(2), engine_version=4, **definitions)
        assert driver.lead() == ("active", points)
        driver.change_contact(day(3), employees="2")
        driver.change_contact(day(4), employees="24")
        assert driver.lead() == ("active", points + 1)


def test_a_rule_on_a_segment_that_changes_by_the_new_meaning_does_not_fire_either() -> None:
    driver, definitions = driver_with("23", automation=[rule(when={"segment": "large"})])
    driver.apply(at=day(2), engine_version=4, **definitions)
    assert driver.contact().model.members == {"large"}
    assert driver.lead() == ("active", 0)


def test_a_scoring_rule_that_becomes_true_by_the_new_meaning_gives_no_points() -> None:
    driver, definitions = driver_with("23", scoring=[{"id": "p", "when": LARGE, "points": 4}])
    driver.apply(at=day(2), engine_version=4, **definitions)
    assert driver.lead() == ("active", 0)


def test_a_release_of_the_same_version_leaves_the_truths_of_its_rules() -> None:
    in_vip = {"segment": "vip"}
    campaigns = [{"id": "spring", "automation": [rule(when=in_vip)]}]
    for version, points in ((3, 1), (4, 0)):
        narrow = {"id": "vip", "dynamic": True, "when": LARGE}
        driver = BatchDriver(engine_version=3, segments=[narrow], campaigns=campaigns)
        driver.send("lead.added", day(0), campaign="spring")
        driver.change_contact(day(1), employees=3)
        wider = {"id": "vip", "dynamic": True, "when": {"property": "employees", "gte": 2}}
        driver.apply(at=day(2), engine_version=version, segments=[wider], campaigns=campaigns)
        assert driver.lead() == ("active", points)


def test_what_a_paused_campaign_has_yet_to_fire_is_not_lost_by_a_raise() -> None:
    running = {"campaigns": [{"id": "spring", "automation": [rule()]}]}
    paused = {"campaigns": [{"id": "spring", "automation": [rule()], "paused": True}]}
    for raised in (day(3), day(4)):  # during the pause, and by the release that resumes
        driver = BatchDriver(engine_version=3, **running)
        driver.send("lead.added", day(0), campaign="spring")
        driver.apply(at=day(1), engine_version=3, **paused)
        driver.change_contact(day(2), employees=23)
        if raised == day(3):
            driver.apply(at=raised, engine_version=4, **paused)
            assert driver.lead() == ("active", 0)
        driver.apply(at=day(4), engine_version=4, **running)
        assert driver.lead() == ("active", 1)


def test_a_rule_whose_campaign_the_raise_pauses_starts_from_the_truth_by_the_new_meaning() -> None:
    driver, definitions = driver_with("23", automation=[rule()])
    paused = [{**definitions["campaigns"][0], "paused": True}]
    driver.apply(at=day(2), **{**definitions, "engine_version": 4, "campaigns": paused})
    driver.apply(at=day(3), engine_version=4, **definitions)
    assert driver.lead() == ("active", 0)


def test_a_scoring_rule_runs_while_the_campaign_is_paused_so_the_raise_changes_it() -> None:
    scoring = [{"id": "p", "when": LARGE, "points": 4}]
    driver, definitions = driver_with("23", scoring=scoring)
    paused = {**definitions, "campaigns": [{"id": "spring", "scoring": scoring, "paused": True}]}
    driver.apply(at=day(2), engine_version=3, **paused)
    driver.apply(at=day(3), engine_version=4, **paused)
    assert driver.lead() == ("active", 0)


def test_points_stay_at_the_raise_and_the_order_of_actions_is_the_new_one_from_there() -> None:
    form = {"activity": {"name": {"eq": "form"}}, "count": {"gte": 2}}
    driver, definitions = driver_with(
        1, automation=[rule(when=form, then={"add_points": 7, "set_status": "qualified"})]
    )
    driver.send("score.adjusted", day(1), campaign="spring", points=2)
    driver.send("activity.recorded", day(1), name="form")
    driver.apply(at=day(2), engine_version=4, **definitions)
    assert driver.lead() == ("active", 2)
    driver.send("activity.recorded", day(3), name="form")
    assert driver.lead() == ("qualified", 9)


@pytest.mark.parametrize("version", [3, 4])
def test_a_rule_that_falls_due_at_the_very_instant_of_a_release_fires(version: int) -> None:
    asleep = {"id": "asleep", "when": {"inactive_for": "1d"}, "then": {"set_status": "rejected"}}
    definitions: dict[str, Any] = {"campaigns": [{"id": "spring", "automation": [asleep]}]}
    driver = BatchDriver(engine_version=3, **definitions)
    driver.visit(day(0))
    driver.send("lead.added", day(0), campaign="spring")
    driver.tick(day(1))
    driver.apply(at=day(1), engine_version=version, **definitions)
    driver.tick(day(5))
    assert driver.lead() == ("rejected", 0)


def test_what_falls_due_at_the_very_instant_of_the_raise_is_judged_by_the_former_meaning() -> None:
    asleep = {"all": [{"inactive_for": "1d"}, {"not": LARGE}]}
    definitions: dict[str, Any] = {
        "campaigns": [{"id": "spring", "automation": [{"id": "r", "when": asleep, "then": {"add_points": 1}}]}]
    }
    driver = BatchDriver(engine_version=3, **definitions)
    driver.send("contact.changed", day(0), properties={"employees": "23"})
    driver.send("lead.added", day(0), campaign="spring")
    driver.apply(at=day(1), engine_version=4, **definitions)
    assert driver.lead() == ("active", 1)


def test_a_segment_that_is_paused_at_the_raise_keeps_who_enters_at_its_very_instant() -> None:
    sleepers = {"id": "sleepers", "dynamic": True, "when": {"inactive_for": "1d"}}
    driver = BatchDriver(engine_version=3, segments=[sleepers])
    driver.visit(day(0))
    driver.apply(at=day(1), engine_version=4, segments=[{**sleepers, "paused": True}])
    assert driver.contact().model.members == {"sleepers"}
