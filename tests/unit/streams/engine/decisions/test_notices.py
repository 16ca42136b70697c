"""SPEC sections 2 and 7: `notify` tells of the lead as the rule leaves it, on the topic `notifications`."""

from __future__ import annotations

from typing import Any

from tests.harness.engine.engine_driver import EngineDriver, day, lead_changes, outputs_of_topic

ALL = {"id": "all", "dynamic": True, "when": {"all": []}}


def rule(name: str, when: dict[str, Any], **then: Any) -> dict[str, Any]:
    return {"id": name, "when": when, "then": then}


def signal_is(signal: str) -> dict[str, Any]:
    return {"property": "signal", "eq": signal}


def driver_with(*rules: dict[str, Any], **fields: Any) -> EngineDriver:
    spring = {"id": "spring", "audience": ["all"], "automation": [*rules], **fields}
    driver = EngineDriver(segments=[ALL], campaigns=[spring])
    driver.change_contact(day(0), first_name="Ann")
    return driver


def notices(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return outputs_of_topic(outputs, "notifications")


def test_a_notice_names_the_rule_the_lead_and_the_contact() -> None:
    driver = driver_with(rule("tell", signal_is("go"), notify="sales"), name="Spring")
    driver.send("score.adjusted", day(1), points=3)
    driver.send("score.adjusted", day(1), points=4, score="fit")
    (notice,) = notices(driver.change_contact(day(2), signal="go"))
    assert notice == {
        "topic": "notifications",
        "key": "default/ann",
        "type": "automation.notified",
        "id": notice["id"],
        "account": "default",
        "contact": "ann",
        "at": "2026-01-03T00:00:00.000Z",
        "number": {"partition": 0, "offset": 4, "ordinal": 0},
        "cause": {"kind": "automation", "event": "e4", "release": 1, "rule": "tell"},
        "notice": "sales",
        "rule": "tell",
        "campaign": {"id": "spring", "name": "Spring"},
        "lead": {"status": "active", "points": 3, "made": "2026-01-01T00:00:00.000Z"},
        "snapshot": {
            "status": "active",
            "properties": {"first_name": "Ann", "signal": "go"},
            "score": 3,
            "scores": {"fit": 4},
        },
    }


def test_a_notice_shows_the_lead_as_the_rule_leaves_it() -> None:
    driver = driver_with(rule("tell", signal_is("go"), notify="sales", set_status="qualified", add_points=7))
    (notice,) = notices(driver.change_contact(day(1), signal="go"))
    assert (notice["lead"]["status"], notice["lead"]["points"]) == ("qualified", 7)
    driver = driver_with(rule("tell", signal_is("go"), notify="sales", remove_from_campaign="spring"))
    (notice,) = notices(driver.change_contact(day(1), signal="go"))
    assert notice["lead"]["status"] == "deleted"


def test_what_later_rules_do_is_not_in_it() -> None:
    first = rule("first", signal_is("go"), notify="sales")
    second = rule("second", signal_is("go"), set_status="rejected", add_points=5)
    outputs = driver_with(first, second).change_contact(day(1), signal="go")
    (notice,) = notices(outputs)
    assert (notice["lead"]["status"], notice["lead"]["points"]) == ("active", 0)
    numbers = [output["number"]["ordinal"] for output in (notice, *outputs_of_topic(outputs, "lead-changes"))]
    assert numbers == sorted(numbers)


def test_a_rule_tells_at_each_edge_and_only_then() -> None:
    driver = driver_with(rule("tell", signal_is("go"), notify="sales"))
    ids = []
    for number, signal in enumerate(("go", "go", "stop", "go")):
        ids += [notice["id"] for notice in notices(driver.change_contact(day(1 + number), signal=signal))]
    assert len(ids) == len(set(ids)) == 2


def test_two_rules_may_give_notices_of_one_name() -> None:
    driver = driver_with(rule("a", signal_is("go"), notify="sales"), rule("b", signal_is("go"), notify="sales"))
    told = notices(driver.change_contact(day(1), signal="go"))
    assert [notice["rule"] for notice in told] == ["a", "b"]
    assert len({notice["id"] for notice in told}) == 2


def test_leads_of_two_campaigns_are_told_of_each_by_itself() -> None:
    tell = rule("tell", signal_is("go"), notify="sales")
    campaigns = [{"id": name, "audience": ["all"], "automation": [tell]} for name in ("spring", "summer")]
    driver = EngineDriver(segments=[ALL], campaigns=campaigns)
    driver.change_contact(day(0))
    told = notices(driver.change_contact(day(1), signal="go"))
    assert [notice["campaign"]["id"] for notice in told] == ["spring", "summer"]
    assert len({notice["id"] for notice in told}) == 2


def test_a_notice_is_given_by_time_alone_at_its_instant() -> None:
    driver = driver_with(rule("old", {"lead_age": {"gte": "5d"}}, notify="sales"))
    (notice,) = notices(driver.tick(day(20)))
    assert (notice["at"], notice["cause"]) == (
        "2026-01-06T00:00:00.000Z",
        {"kind": "automation", "release": 1, "rule": "old"},
    )


def test_points_are_those_of_the_instant_where_they_decay() -> None:
    driver = driver_with(rule("old", {"lead_age": {"gte": "10d"}}, notify="sales"), half_life="10d")
    driver.send("score.adjusted", day(0), points=100)
    (notice,) = notices(driver.tick(day(20)))
    assert notice["lead"]["points"] == 50


def test_a_notice_is_never_undone_and_a_late_event_may_cause_one() -> None:
    one_visit = {"visit": {}, "count": {"eq": 1}, "within": "7d"}
    driver = driver_with(rule("once", one_visit, notify="sales"))
    assert len(notices(driver.visit(day(5)))) == 1
    assert notices(driver.visit(day(4))) == []
    driver = driver_with(rule("twice", {"visit": {}, "count": {"gte": 2}, "within": "7d"}, notify="sales"))
    driver.visit(day(5))
    (notice,) = notices(driver.visit(day(4)))
    assert (notice["at"], notice["cause"]["late"]) == ("2026-01-06T00:00:00.000Z", True)


def test_a_closed_lead_is_told_of_no_more() -> None:
    driver = driver_with(rule("tell", signal_is("go"), notify="sales"))
    driver.send("lead.rejected", day(1), campaign="spring")
    assert notices(driver.change_contact(day(2), signal="go")) == []


def test_a_rule_that_closes_the_lead_still_tells_and_the_next_one_does_not() -> None:
    first = rule("first", signal_is("go"), set_status="rejected", notify="sales")
    second = rule("second", signal_is("go"), notify="chat")
    outputs = driver_with(first, second).change_contact(day(1), signal="go")
    assert [notice["notice"] for notice in notices(outputs)] == ["sales"]
    assert lead_changes(outputs) == [("spring", "active", "rejected")]


def test_existing_leads_are_told_of_only_where_the_rule_applies_to_them() -> None:
    tell = rule("tell", signal_is("go"), notify="sales")
    driver = driver_with()
    driver.change_contact(day(1), signal="go")
    spring = {"id": "spring", "audience": ["all"]}
    assert notices(driver.apply(segments=[ALL], campaigns=[{**spring, "automation": [tell]}])) == []
    driver.apply(segments=[ALL], campaigns=[spring])
    existing = {**tell, "apply_to_existing": True}
    (notice,) = notices(driver.apply(segments=[ALL], campaigns=[{**spring, "automation": [existing]}]))
    assert (notice["notice"], notice["cause"]["release"]) == ("sales", 4)
