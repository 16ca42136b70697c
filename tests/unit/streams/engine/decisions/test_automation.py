"""SPEC section 7: rules, edges, settling."""

from __future__ import annotations

from typing import Any

from tests.harness.engine.engine_driver import EngineDriver, day, lead_changes, outputs_of_topic, segment_changes

ALL = {"id": "all", "dynamic": True, "when": {"all": []}}
VIP = {"id": "vip"}


def rule(name: str, when: dict[str, Any], **then: Any) -> dict[str, Any]:
    return {"id": name, "when": when, "then": then}


def signal_is(signal: str) -> dict[str, Any]:
    return {"property": "signal", "eq": signal}


def campaign(*rules: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "spring", "audience": ["all"], "automation": list(rules), **fields}


HOT = rule("hot", {"points": {"gte": 100}}, set_status="qualified")


def test_a_rule_fires_when_its_condition_becomes_true() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(HOT)])
    driver.visit(day(0))
    driver.send("score.adjusted", day(1), points=99.999999)
    assert driver.status("spring") == "active"
    outputs = driver.send("score.adjusted", day(2), points=0.000001)
    change = outputs_of_topic(outputs, "lead-changes")[0]
    assert (change["to"], change["cause"]["kind"], change["cause"]["rule"]) == ("qualified", "automation", "hot")
    assert outputs_of_topic(outputs, "qualified-leads")[0]["points"] == 100


def test_being_true_when_the_lead_is_created_is_an_edge() -> None:
    rival = rule("rival", {"property": "email_domain", "in": ["rival.example"]}, set_status="rejected")
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(rival)])
    outputs = driver.change_contact(day(0), email="eve@rival.example")
    assert lead_changes(outputs) == [("spring", None, "active"), ("spring", "active", "rejected")]


def test_a_rule_fires_by_time_alone_at_its_instant() -> None:
    asleep = rule("asleep", {"inactive_for": "60d"}, set_status="rejected")
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(asleep)])
    driver.visit(day(0))
    change = driver.tick(day(100))[0]
    assert (change["at"], change["to"]) == ("2026-03-02T00:00:00.000Z", "rejected")


def test_the_age_of_a_lead_counts_from_its_making() -> None:
    old = rule("old", {"lead_age": {"gte": "5d"}}, set_status="rejected")
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(old)])
    driver.visit(day(2))
    assert driver.tick(day(20))[0]["at"] == "2026-01-08T00:00:00.000Z"


def test_the_first_rule_that_takes_the_lead_out_ends_its_processing() -> None:
    first = rule("first", signal_is("go"), set_status="rejected")
    second = rule("second", signal_is("go"), add_to_segment="vip")
    driver = EngineDriver(segments=[ALL, VIP], campaigns=[campaign(first, second)])
    driver.visit(day(0))
    assert segment_changes(driver.change_contact(day(1), signal="go")) == []
    assert driver.status("spring") == "rejected"


def test_reactivating_takes_the_present_truth_as_base() -> None:
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(HOT)])
    driver.visit(day(0))
    driver.send("score.adjusted", day(1), points=150)
    assert driver.status("spring") == "qualified"
    assert lead_changes(driver.send("lead.reactivated", day(2), campaign="spring")) == [
        ("spring", "qualified", "active")
    ]
    driver.send("score.adjusted", day(3), points=10)
    assert driver.status("spring") == "active"
    driver.send("score.adjusted", day(4), points=-100)
    driver.send("score.adjusted", day(5), points=100)
    assert driver.status("spring") == "qualified"


def test_a_lead_created_again_has_all_edges_to_come() -> None:
    has_email = rule("has_email", {"property": "email", "exists": True}, set_status="qualified")
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(has_email)])
    driver.change_contact(day(0), email="ann@example.com")
    driver.send("lead.removed", day(1), campaign="spring")
    outputs = driver.send("lead.added", day(2), campaign="spring")
    assert lead_changes(outputs) == [("spring", "deleted", "active"), ("spring", "active", "qualified")]


def test_resuming_fires_what_is_true_then_and_was_not_when_it_paused() -> None:
    before = rule("before", signal_is("early"), add_to_segment="vip")
    during = rule("during", {"property": "city", "eq": "Wien"}, set_status="qualified")
    definitions: dict[str, Any] = {"segments": [ALL, VIP]}
    driver = EngineDriver(**definitions, campaigns=[campaign(before, during)])
    driver.change_contact(day(0), signal="early")
    driver.send("segment.member_removed", day(1), segment="vip")
    driver.apply(**definitions, campaigns=[campaign(before, during, paused=True)])
    assert lead_changes(driver.change_contact(day(2), city="Wien")) == []
    outputs = driver.apply(**definitions, campaigns=[campaign(before, during)])
    assert lead_changes(outputs) == [("spring", "active", "qualified")]
    assert segment_changes(outputs) == []


def test_a_rule_that_is_added_starts_from_the_present_truth_unless_it_applies_to_existing() -> None:
    late = rule("late", signal_is("go"), add_to_segment="vip")
    driver = EngineDriver(segments=[ALL, VIP], campaigns=[campaign()])
    driver.change_contact(day(0), signal="go")
    assert driver.apply(segments=[ALL, VIP], campaigns=[campaign(late)]) == []
    driver.apply(segments=[ALL, VIP], campaigns=[campaign()])
    outputs = driver.apply(segments=[ALL, VIP], campaigns=[campaign({**late, "apply_to_existing": True})])
    assert segment_changes(outputs) == [("vip", "in")]


def test_a_rule_can_list_and_unlist_in_static_segments_with_its_own_cause() -> None:
    add = rule("add", signal_is("in"), add_to_segment="vip")
    remove = rule("remove", signal_is("out"), remove_from_segment="vip")
    driver = EngineDriver(segments=[ALL, VIP], campaigns=[campaign(add, remove)])
    change = outputs_of_topic(driver.change_contact(day(0), signal="in"), "segment-changes")[1]
    assert (change["segment"], change["cause"]["kind"], change["cause"]["rule"]) == ("vip", "automation", "add")
    assert segment_changes(driver.change_contact(day(1), signal="out")) == [("vip", "out")]


def test_segment_changes_are_net_within_a_record() -> None:
    into = rule("into", signal_is("go"), add_to_segment="vip")
    out_of = rule("out_of", {"segment": "vip"}, remove_from_segment="vip")
    driver = EngineDriver(segments=[ALL, VIP], campaigns=[campaign(into, out_of)])
    driver.visit(day(0))
    assert segment_changes(driver.change_contact(day(1), signal="go")) == []


def test_a_chain_of_segment_lead_and_campaign_settles_within_one_record() -> None:
    add = rule("add", signal_is("go"), add_to_segment="vip")
    driver = EngineDriver(
        segments=[ALL, VIP],
        campaigns=[{"id": "second", "audience": ["vip"], "auto_qualify": True}, campaign(add)],
    )
    driver.visit(day(0))
    outputs = driver.change_contact(day(1), signal="go")
    assert segment_changes(outputs) == [("vip", "in")]
    assert lead_changes(outputs) == [("second", None, "qualified")]


def test_each_rule_fires_at_most_once_per_record_so_a_cycle_ends() -> None:
    there = rule("there", {"not": {"segment": "vip"}}, add_to_segment="vip")
    back = rule("back", {"segment": "vip"}, remove_from_segment="vip")
    driver = EngineDriver(segments=[ALL, VIP], campaigns=[campaign(there, back)])
    assert segment_changes(driver.visit(day(0))) == [("all", "in")]


def test_a_rule_that_spends_points_fires_again_when_they_are_earned_again() -> None:
    spend = rule("spend", {"points": {"gte": 10}}, add_points=-10)
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(spend)])
    driver.visit(day(0))
    for number in (1, 2, 3):
        driver.send("score.adjusted", day(number), points=10)
        assert driver.points("spring") == 0


def test_at_the_end_of_the_period_itself_no_rule_runs_any_more() -> None:
    asleep = rule("asleep", {"inactive_for": "9d"}, set_status="rejected")
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(asleep, period={"to": "2026-01-10"})])
    driver.visit(day(0))
    assert driver.tick(day(30)) == []
    driver = EngineDriver(segments=[ALL], campaigns=[campaign(asleep, period={"to": "2026-01-11"})])
    driver.visit(day(0))
    assert lead_changes(driver.tick(day(30))) == [("spring", "active", "rejected")]


def test_a_decision_on_a_late_event_is_never_undone() -> None:
    recent = {"id": "recent", "dynamic": True, "when": {"visit": {}, "count": {"lte": 1}, "within": "7d"}}
    qualify = rule("qualify", {"all": []}, set_status="qualified")
    driver = EngineDriver(
        segments=[recent], campaigns=[{"id": "spring", "audience": ["recent"], "automation": [qualify]}]
    )
    driver.visit(day(5))
    outputs = driver.visit(day(4))
    assert segment_changes(outputs) == [("recent", "out")]
    assert lead_changes(outputs) == []
    assert driver.status("spring") == "qualified"
