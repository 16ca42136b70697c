"""What sums, averages, distinct values, beginnings and scores come to, and which events they are made of."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_text
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.explain.answer import Question, explain_from_journal, explain_from_state
from streams.explain.contact_records import ContactRecords
from streams.explain.timeline import EngineParameters
from tests.harness.engine.engine_driver import EngineDriver, day

AMOUNTS = (10, "20", 3.0000005, None, "free")


def told(when: dict[str, Any]) -> EngineDriver:
    """A driver in which ann bought for these amounts, one a day."""
    driver = EngineDriver(segments=[{"id": "s", "dynamic": True, "when": when}])
    for number, amount in enumerate(AMOUNTS):
        driver.send("activity.recorded", day(number), name="purchase", properties={"amount": amount})
    return driver


def parameters(driver: EngineDriver) -> EngineParameters:
    return EngineParameters(lambda _, number: driver.releases[number - 1], DEFAULT_ENGINE_SETTINGS)


def leaf_now(driver: EngineDriver) -> dict[str, Any]:
    question = Question("default", "ann", "s")
    answer = explain_from_state(question, driver.contact(), PartitionStatus(), parameters(driver))
    condition: dict[str, Any] = answer["condition"]
    return condition


def leaf_from_journal(driver: EngineDriver) -> dict[str, Any]:
    collector = ContactRecords("default", "ann")
    for _, key, value in driver.journal:
        if collector.is_relevant(key):
            collector.feed(value)
    answer = explain_from_journal(Question("default", "ann", "s"), collector.records, None, parameters(driver))
    condition: dict[str, Any] = answer["condition"]
    return condition


@pytest.mark.parametrize(
    ("window", "facts"),
    [
        ({}, {"sum": 33, "average": 11, "values": 3}),
        ({"within": "3d"}, {"sum": 3, "average": 3, "values": 1, "instants": [instant_text(day(2))]}),
        ({"between_ago": ["10d", "3d"]}, {"sum": 30, "average": 15, "values": 2}),
    ],
)
def test_a_leaf_shows_what_its_amounts_come_to(window: dict[str, Any], facts: dict[str, Any]) -> None:
    for name in ("sum", "average"):
        leaf = leaf_now(told({"activity": {}, name: {"of": "amount", "gte": 3}, **window}))
        assert leaf["holds"]
        expected = {key: value for key, value in facts.items() if key not in {"sum", "average"} - {name}}
        assert {key: leaf[key] for key in expected} == expected
        assert ("instants" in leaf) is bool(window)


def test_an_average_without_values_is_null_and_rounds_as_outputs_do() -> None:
    missing = leaf_now(told({"activity": {}, "average": {"of": "tax", "gte": 3}, "within": "3d"}))
    assert (missing["holds"], missing["average"], missing["values"]) == (False, None, 0)
    sevenths = told({"activity": {}, "average": {"of": "amount", "gte": 3}})
    for number in range(4):
        sevenths.send("activity.recorded", day(6, number), name="purchase", properties={"amount": 1})
    assert leaf_now(sevenths)["average"] == 5.285714


def test_a_leaf_shows_how_many_different_values_there_are() -> None:
    leaf = leaf_now(told({"activity": {}, "distinct": {"of": "amount", "gte": 3}, "within": "4d"}))
    assert (leaf["holds"], leaf["distinct"]) == (True, 3)
    assert leaf["instants"] == [instant_text(day(number)) for number in (1, 2, 4)]


def test_the_journal_shows_the_events_that_have_a_number_and_their_values() -> None:
    leaf = leaf_from_journal(told({"activity": {}, "sum": {"of": "amount", "gte": 3}}))
    assert [event["values"] for event in leaf["events"]] == [{"amount": amount} for amount in AMOUNTS[:3]]


def test_created_and_scored_are_shown() -> None:
    assert leaf_now(told({"created": {"older_than": "1d"}}))["value"] == instant_text(day(0))
    driver = told({"score": {"exists": True}})
    assert (leaf_now(driver)["scored"], leaf_now(driver)["value"]) == (False, 0)
    for points in (5, -5):
        driver.send("score.adjusted", day(7), points=points)
    assert (leaf_now(driver)["scored"], leaf_now(driver)["value"], leaf_now(driver)["holds"]) == (True, 0, True)
