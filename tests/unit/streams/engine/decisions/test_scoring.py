"""SPEC section 3: points, scoring rules, caps, decay."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import MILLION
from streams.engine.state.points import first_crossing, points_at
from tests.harness.engine.engine_driver import DAY, HOUR, EngineDriver, day, lead_changes, outputs_of_topic

ALL = {"id": "all", "dynamic": True, "when": {"all": []}}
PAGE = {"id": "page", "when": {"visit": {"path": {"starts_with": "/pricing"}}}, "points": 10}


def campaign(**fields: Any) -> dict[str, Any]:
    return {"id": "spring", "audience": ["all"], "points_changed": True, **fields}


def test_a_rule_on_a_bare_visit_gives_points_for_each_match() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(scoring=[PAGE])])
    outputs = driver.visit(day(0), "/pricing")
    change = outputs_of_topic(outputs, "lead-changes")[1]
    assert (change["type"], change["added"], change["points"]) == ("lead.points_changed", 10, 10)
    assert (change["cause"]["kind"], change["cause"]["rule"]) == ("event", "page")
    driver.visit(day(0), "/pricing/plans")
    driver.visit(day(1), "/about")
    assert driver.points("spring") == 20


def test_a_late_visit_from_before_the_campaign_had_started_scores_nothing() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(scoring=[PAGE], period={"from": "2026-01-03"})])
    driver.visit(day(2), "/pricing")
    driver.visit(day(2, plus=-1), "/pricing")
    assert driver.points("spring") == 10


def test_a_late_score_from_before_the_campaign_had_started_counts_for_the_contact_alone() -> None:
    everybody = {"id": "everybody", "dynamic": True, "when": {"all": []}}
    spring = {"id": "spring", "audience": ["everybody"], "period": {"from": "2026-01-03"}}
    driver = EngineDriver(segments=[everybody], campaigns=[spring])
    driver.change_contact(day(3), country="DE")
    driver.send("score.adjusted", day(1), points=5)
    driver.send("score.adjusted", day(1), points=5, campaign="spring")
    assert driver.refused == []
    assert (driver.points("spring"), driver.contact().score) == (0, 5 * MILLION)
    driver.send("score.adjusted", day(2), points=5)
    assert driver.points("spring") == 5


def test_points_changes_are_emitted_only_when_configured() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(points_changed=False, scoring=[PAGE])])
    outputs = driver.visit(day(0), "/pricing")
    assert [output["type"] for output in outputs_of_topic(outputs, "lead-changes")] == ["lead.status_changed"]
    assert outputs_of_topic(outputs, "leads")[0]["points"] == 10


def test_a_rule_on_another_condition_gives_points_on_the_edge() -> None:
    german = {"id": "german", "when": {"property": "country", "eq": "DE"}, "points": 5}
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(scoring=[german])])
    driver.change_contact(day(0), country="DE")
    driver.change_contact(day(1), country="DE")
    assert driver.points("spring") == 5
    driver.change_contact(day(2), country="FR")
    driver.change_contact(day(3), country="DE")
    assert driver.points("spring") == 10


def test_a_rule_may_come_true_by_time_alone() -> None:
    asleep = {"id": "asleep", "when": {"inactive_for": "10d"}, "points": -5}
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(scoring=[asleep])])
    driver.visit(day(0))
    change = driver.tick(day(30))[0]
    assert (change["at"], change["points"]) == ("2026-01-11T00:00:00.000Z", -5)


def test_at_most_caps_the_awards_in_a_rolling_window() -> None:
    capped = {**PAGE, "at_most": {"times": 2, "per": "1d"}}
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(scoring=[capped])])
    for hour in (0, 1, 2):
        driver.visit(day(0, hour * HOUR), "/pricing")
    assert driver.points("spring") == 20
    driver.visit(day(1, -1), "/pricing")
    assert driver.points("spring") == 20
    driver.visit(day(1), "/pricing")
    assert driver.points("spring") == 30
    driver.visit(day(1, 1), "/pricing")
    assert driver.points("spring") == 30


def test_a_score_goes_to_its_lead_to_its_name_or_to_the_contact_and_all_its_leads() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(), {"id": "summer", "audience": ["all"]}])
    driver.send("score.adjusted", day(0), points=1.5, campaign="spring")
    assert driver.refused == ["no_lead"]
    driver.send("score.adjusted", day(0), points=1.5, campaign="spring")
    driver.send("score.adjusted", day(1), points=2, score="fit")
    driver.send("score.adjusted", day(2), points=-4)
    contact = driver.contact()
    assert (contact.score, contact.scores) == (-4 * MILLION, {"fit": 2 * MILLION})
    assert (driver.points("spring"), driver.points("summer")) == (-2.5, -4)


def test_leads_that_take_no_points_get_none() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(scoring=[PAGE])])
    driver.visit(day(0), "/pricing")
    driver.send("lead.qualified", day(1), campaign="spring")
    driver.visit(day(2), "/pricing")
    driver.send("score.adjusted", day(3), points=7, campaign="spring")
    assert driver.points("spring") == 10


def test_a_paused_campaign_still_scores_and_one_that_is_over_does_not() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(scoring=[PAGE])])
    driver.visit(day(0), "/pricing")
    driver.apply(segments=[ALL], campaigns=[campaign(scoring=[PAGE], paused=True)])
    driver.visit(day(1), "/pricing")
    assert driver.points("spring") == 20
    driver.apply(segments=[ALL], campaigns=[campaign(scoring=[PAGE], period={"to": "2026-01-05"})])
    driver.visit(day(4), "/pricing")
    driver.send("score.adjusted", day(4), points=7)
    assert driver.points("spring") == 20


def test_points_halve_every_half_life_and_round_at_every_record() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(half_life="10d")])
    driver.visit(day(0))
    driver.send("score.adjusted", day(0), points=100)
    driver.visit(day(10))
    assert driver.points("spring") == 50
    driver.visit(day(11))
    assert driver.points("spring") == 46.651650


def test_a_late_score_is_decayed_from_its_own_at() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(half_life="10d")])
    driver.visit(day(0))
    driver.visit(day(20))
    change = driver.send("score.adjusted", day(10), points=100)[0]
    assert (change["points"], change["cause"]["late"]) == (50, True)


def test_a_threshold_crossed_by_decay_fires_at_the_first_millisecond_across() -> None:
    cold = {"id": "cold", "when": {"points": {"lt": 10}}, "then": {"set_status": "rejected"}}
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(half_life="10d", automation=[cold])])
    driver.send("score.adjusted", day(0), points=1)
    driver.send("lead.reactivated", day(0), campaign="spring")
    driver.send("score.adjusted", day(0), points=40)
    driver.change_contact(day(1), first_name="Ann")
    lead = driver.contact().leads["spring"]
    base, since = lead.points, lead.decayed
    assert lead.status == "active"
    outputs = driver.tick(day(60))
    assert lead_changes(outputs) == [("spring", "active", "rejected")]
    fired = driver.contact().leads["spring"].changed
    assert points_at(base, since, fired - 1, 10 * DAY) >= 10 * MILLION > points_at(base, since, fired, 10 * DAY)


def test_qualified_leads_do_not_decay() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(half_life="10d")])
    driver.visit(day(0))
    driver.send("score.adjusted", day(0), points=100)
    driver.send("lead.qualified", day(10), campaign="spring")
    driver.visit(day(30))
    assert driver.points("spring") == 50
    driver.send("lead.reactivated", day(40), campaign="spring")
    driver.visit(day(50))
    assert driver.points("spring") == 25


@pytest.mark.parametrize("points", [1, 3 * MILLION, 1_000_000_007, -5 * MILLION])
@pytest.mark.parametrize("threshold", [0, 1, 2 * MILLION, -MILLION, 999_999_999])
def test_the_first_instant_across_is_exact(points: int, threshold: int) -> None:
    half_life, now = 3_600_000, 17

    def side(instant: int) -> int:
        present = points_at(points, 0, instant, half_life)
        return (present > threshold) - (present < threshold)

    instant = first_crossing(points, 0, now, half_life, (threshold,))
    if instant is None:
        assert side(now) == side(now + 1_000 * half_life)
    else:
        assert side(instant - 1) == side(now) != side(instant)
        assert instant > now


def test_a_contact_keeps_at_most_a_hundred_named_scores() -> None:
    driver = EngineDriver(segments=[ALL])
    for number in range(101):
        driver.send("score.adjusted", day(0), points=1, score=f"s{number}")
    assert (driver.refused, len(driver.contact().scores)) == (["too_many_scores"], 100)
    driver.send("score.adjusted", day(0), points=1, score="s0")
    assert driver.refused == []


def test_what_is_due_after_a_threshold_crossed_by_decay_stays_due() -> None:
    """The points go below 50 after one half-life; the silence is long enough only after two."""
    cold = {"all": [{"points": {"lt": 50}}, {"inactive_for": "60d"}]}
    rule = {"id": "cold", "when": cold, "then": {"set_status": "rejected"}}
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(half_life="30d", automation=[rule])])
    driver.change_contact(day(0))
    driver.send("score.adjusted", day(0), points=100, campaign="spring")
    changes = outputs_of_topic(driver.tick(day(90)), "lead-changes")
    assert [(change["to"], change["at"], change["points"]) for change in changes] == [
        ("rejected", "2026-03-02T00:00:00.000Z", 25)
    ]


def test_the_same_holds_for_a_segment_that_speaks_of_the_lead() -> None:
    cold = {"all": [{"lead": {"campaign": "spring", "points": {"lt": 50}}}, {"inactive_for": "60d"}]}
    segment = {"id": "cold", "dynamic": True, "when": cold}
    driver = EngineDriver(segments=[ALL, segment], campaigns=[campaign(half_life="30d")])
    driver.change_contact(day(0))
    driver.send("score.adjusted", day(0), points=100, campaign="spring")
    changes = outputs_of_topic(driver.tick(day(90)), "segment-changes")
    assert [(change["segment"], change["at"]) for change in changes] == [("cold", "2026-03-02T00:00:00.000Z")]


def test_awards_given_before_a_lead_was_reactivated_count_towards_the_cap() -> None:
    driver = EngineDriver(
        segments=[ALL], campaigns=[campaign(scoring=[{**PAGE, "at_most": {"times": 1, "per": "1d"}}])]
    )
    driver.visit(day(0), "/pricing")
    driver.send("lead.rejected", day(0, 1), campaign="spring")
    driver.send("lead.reactivated", day(0, 2), campaign="spring")
    driver.visit(day(0, 3), "/pricing")
    assert driver.points("spring") == 10
    driver.visit(day(1), "/pricing")
    assert driver.points("spring") == 20


def test_a_lead_that_starts_again_has_no_earlier_awards() -> None:
    driver = EngineDriver(
        segments=[ALL], campaigns=[campaign(scoring=[{**PAGE, "at_most": {"times": 1, "per": "1d"}}])]
    )
    driver.visit(day(0), "/pricing")
    driver.send("lead.removed", day(0, 1), campaign="spring")
    driver.send("lead.reactivated", day(0, 2), campaign="spring")
    driver.visit(day(0, 3), "/pricing")
    assert driver.points("spring") == 10


FIT = {"id": "fit", "dynamic": True, "when": {"property": "fits", "eq": True}}


def made_on(made: int, engine_version: int = 4, **fields: Any) -> EngineDriver:
    """A contact of which nothing is known before `made`, when it becomes a lead."""
    spring = {"id": "spring", "audience": ["fit"], "scoring": [PAGE], **fields}
    driver = EngineDriver(engine_version=engine_version, segments=[FIT], campaigns=[spring])
    driver.change_contact(made, fits=True)
    return driver


def test_a_visit_from_before_the_lead_was_made_scores_nothing_in_whatever_order_it_comes() -> None:
    in_order = EngineDriver(segments=[FIT], campaigns=[{"id": "spring", "audience": ["fit"], "scoring": [PAGE]}])
    in_order.visit(day(1), "/pricing")
    in_order.change_contact(day(2), fits=True)
    late = made_on(day(2))
    late.visit(day(1), "/pricing")
    assert (in_order.points("spring"), late.points("spring")) == (0, 0)


def test_a_late_visit_scores_from_the_instant_on_at_which_the_lead_was_made() -> None:
    driver = made_on(day(2))
    driver.change_contact(day(5))
    driver.visit(day(2, -1), "/pricing")
    assert driver.points("spring") == 0
    driver.visit(day(2), "/pricing")
    assert driver.points("spring") == 10


@pytest.mark.parametrize("kind", ["visit", "activity"])
def test_activities_are_treated_like_visits(kind: str) -> None:
    rule = {"id": "r", "when": {kind: {"url": {"contains": "pricing"}}}, "points": 10}
    driver = made_on(day(2), scoring=[rule])
    driver.visit(day(1), "/pricing")
    assert driver.points("spring") == 0


@pytest.mark.parametrize("at", [day(1), day(3)])
def test_the_visit_that_makes_the_lead_scores_also_when_it_comes_late(at: int) -> None:
    by_token = EngineDriver(campaigns=[{"id": "spring", "scoring": [PAGE]}])
    by_token.change_contact(day(2))
    by_token.visit(at, "/pricing", campaign="spring")
    assert by_token.points("spring") == 10
    visitors = {"id": "visitors", "dynamic": True, "when": {"visit": {}}}
    by_audience = EngineDriver(
        segments=[visitors], campaigns=[{"id": "spring", "audience": ["visitors"], "scoring": [PAGE]}]
    )
    by_audience.change_contact(day(2))
    by_audience.visit(at, "/pricing")
    assert by_audience.points("spring") == 10


def test_a_visit_from_the_former_life_of_a_lead_scores_nothing() -> None:
    driver = made_on(day(0))
    driver.send("lead.removed", day(2), campaign="spring")
    driver.send("lead.added", day(4), campaign="spring")
    driver.visit(day(1), "/pricing")
    assert driver.points("spring") == 0


def test_a_late_score_goes_to_the_leads_that_there_are() -> None:
    driver = made_on(day(2))
    driver.send("score.adjusted", day(1), points=3)
    driver.send("score.adjusted", day(1), points=4, campaign="spring")
    assert driver.points("spring") == 7


def test_before_version_4_a_late_visit_from_before_the_lead_was_made_scored() -> None:
    driver = made_on(day(2), 3)
    driver.visit(day(1), "/pricing")
    assert driver.points("spring") == 10
