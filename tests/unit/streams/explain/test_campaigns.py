"""The state of a lead, and why: rules with their trees, points, awards, what ended it."""

from __future__ import annotations

from typing import Any

from schemas.values import instant_text
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.explain.answer import Question, explain_from_journal, explain_from_state
from streams.explain.contact_records import ContactRecords
from streams.explain.text import explanation_lines
from streams.explain.timeline import EngineParameters
from tests.harness.engine.engine_driver import EngineDriver, day

SPRING = {
    "id": "spring",
    "audience": ["german"],
    "half_life": "1d",
    "scoring": [{"id": "visit", "when": {"visit": {}}, "points": 10, "at_most": {"times": 3, "per": "1d"}}],
    "automation": [
        {"id": "hot", "when": {"points": {"gte": 20}}, "then": {"set_status": "qualified"}},
        {"id": "asleep", "when": {"lead_age": {"gte": "30d"}}, "then": {"set_status": "rejected"}},
    ],
}
GERMAN = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}


def lead_driver(**campaign: Any) -> EngineDriver:
    driver = EngineDriver(segments=[GERMAN], campaigns=[{**SPRING, **campaign}])
    driver.change_contact(day(0), country="DE")
    return driver


def explain_now(driver: EngineDriver, contact: str = "ann") -> dict[str, Any]:
    parameters = EngineParameters(lambda _, number: driver.releases[number - 1], DEFAULT_ENGINE_SETTINGS)
    return explain_from_state(
        Question("default", contact, "spring"), driver.contact(contact), PartitionStatus(), parameters
    )


def explain_past(driver: EngineDriver, at: int | None = None) -> dict[str, Any]:
    records = ContactRecords("default", "ann")
    for _, key, value in driver.journal:
        if records.is_relevant(key):
            records.feed(value)
    parameters = EngineParameters(lambda _, number: driver.releases[number - 1], DEFAULT_ENGINE_SETTINGS)
    return explain_from_journal(Question("default", "ann", "spring"), records.records, at, parameters)


def test_a_lead_is_explained_with_its_points_awards_and_rules() -> None:
    driver = lead_driver()
    driver.visit(day(0, 1_000))
    answer = explain_now(driver)
    assert (answer["lead"]["status"], answer["lead"]["points"]) == ("active", 10)
    assert answer["audience"] == {"german": True}
    (visit,) = answer["scoring"]
    assert (visit["awards"], visit["at_most"]) == ([instant_text(day(0, 1_000))], 3)
    hot, asleep = answer["automation"]
    assert hot["condition"]["holds"] is False
    assert hot["condition"]["lead"]["points"] == 10
    assert asleep["condition"]["next_change"] == answer["next_change"] == instant_text(day(30))


def test_the_journal_names_the_rule_that_ended_it() -> None:
    driver = lead_driver()
    driver.visit(day(0, 1_000))
    driver.visit(day(0, 1_000), "/b")
    answer = explain_past(driver)
    assert answer["lead"]["status"] == "qualified"
    assert (answer["lead"]["cause"]["kind"], answer["lead"]["cause"]["rule"]) == ("automation", "hot")
    assert "it takes no points and no automation" in answer["reasons"][-2]
    assert answer["reasons"][-1] == f"qualified by rule hot on {instant_text(day(0, 1_000))}"
    assert [event["id"] for event in answer["scoring"][0]["events"]] == ["e2", "e3"]
    assert explain_past(driver, day(0, 999))["lead"]["points"] == 0


def test_points_are_those_of_the_instant_asked_for() -> None:
    driver = lead_driver()
    driver.visit(day(0, 1))
    driver.tick(day(9))
    assert explain_past(driver, day(1, 1))["lead"]["points"] == 5
    assert explain_past(driver, day(2, 1))["lead"]["points"] == 2.5


def test_a_threshold_crossed_by_decay_is_foreseen() -> None:
    below = [{"id": "cool", "when": {"points": {"lte": 5}}, "then": {"set_status": "rejected"}}]
    driver = lead_driver(automation=below)
    driver.send("lead.reactivated", day(0, 1), campaign="spring")
    driver.visit(day(0, 2))
    cool = explain_now(driver)["automation"][0]["condition"]
    assert cool["holds"] is False
    # Points are rounded to a millionth, so they reach the half some ms before the half-life is over.
    assert instant_text(day(1, -18)) < cool["next_change"] <= instant_text(day(1, 2))


def test_a_deleted_lead_says_what_deleted_it() -> None:
    driver = lead_driver()
    driver.send("lead.removed", day(1), campaign="spring")
    answer = explain_now(driver)
    assert answer["lead"]["ended_by"] == "person"
    assert answer["reasons"] == ["the lead is deleted: a person or a rule removed it from the campaign"]


def test_no_lead_says_why_there_is_none() -> None:
    driver = lead_driver(paused=True)
    answer = explain_now(driver)
    assert answer["lead"] is None
    assert answer["reasons"] == [
        "the campaign is paused: no new leads, and no automation",
        "there is no lead; the contact is in the audience",
    ]
    assert any("has no lead in campaign spring" in line for line in explanation_lines(answer))


def test_a_campaign_that_is_over_says_so() -> None:
    driver = lead_driver(period={"from": "2025-01-01", "to": "2026-01-01"})
    assert explain_now(driver)["reasons"][0] == "the campaign is over: no new leads, no points, no rules"


def test_the_text_marks_each_leaf() -> None:
    driver = lead_driver()
    driver.visit(day(0, 1_000))
    lines = list(explanation_lines(explain_past(driver)))
    assert "has a lead in campaign spring: active, 10 points" in lines[0]
    assert any(line.startswith('  - {"points": {"gte": 20') for line in lines)
    assert any("web.visited e2" in line for line in lines)


def test_actions_are_shown_in_the_order_in_which_they_are_done_and_notices_in_the_history() -> None:
    then = {"notify": "sales", "set_status": "qualified", "set_points": 5}
    rule = {"id": "hot", "when": {"property": "country", "eq": "DE"}, "then": then}
    driver = lead_driver(automation=[rule], points_between=[0, 50.5])
    answer = explain_past(driver)
    assert answer["points_between"] == [0, 50.5]
    assert list(answer["automation"][0]["then"].items()) == [
        ("set_points", 5),
        ("set_status", "qualified"),
        ("notify", "sales"),
    ]
    assert [change.get("to", change.get("notice")) for change in answer["history"]] == [
        "active",
        "qualified",
        "sales",
    ]
    lines = list(explanation_lines(answer))
    assert "has a lead in campaign spring: qualified, 5 points (kept between 0 and 50.5)" in lines[0]
    assert any("automation.notified" in line and '"notice": "sales"' in line for line in lines)


def test_before_version_4_the_status_stands_first() -> None:
    rule = {"id": "hot", "when": {"all": []}, "then": {"add_points": 5, "set_status": "duplicate"}}
    driver = EngineDriver(engine_version=3, segments=[GERMAN], campaigns=[{**SPRING, "automation": [rule]}])
    driver.change_contact(day(0), country="DE")
    assert list(explain_now(driver)["automation"][0]["then"]) == ["set_status", "add_points"]
