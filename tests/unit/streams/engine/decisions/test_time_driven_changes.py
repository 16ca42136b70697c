"""Every kind of leaf that looks at time is entered and left by time alone, at its exact instant (SPEC section 6)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_ms, instant_text
from tests.harness.engine.engine_driver import HOUR, EngineDriver, day, outputs_of_topic

Turns = list[tuple[int, str]]

IN, OUT = "segment.entered", "segment.exited"
PATHS = [{"visit": {"path": {"eq": "/a"}}}, {"visit": {"path": {"eq": "/b"}}}]

AFTER_A_VISIT: list[tuple[dict[str, Any], Turns]] = [
    ({"visit": {}, "within": "7d"}, [(day(7), OUT)]),
    ({"visit": {}, "between_ago": ["2d", "1d"]}, [(day(1), IN), (day(2), OUT)]),
    ({"visit": {}, "since": "now/d"}, [(day(1), OUT)]),
    ({"activity": {}, "until": "now-1d"}, [(day(1), IN)]),
    ({"visit": {}, "never": True, "within": "1d"}, [(day(1), IN)]),
    ({"visit": {}, "first": True, "within": "7d"}, [(day(7), OUT)]),
    ({"visit": {}, "last": {}, "between_ago": ["2d", "1d"]}, [(day(1), IN), (day(2), OUT)]),
    ({"visit": {}, "regular": {"at_least": 1, "of": 2, "each": "1d"}}, [(day(2), OUT)]),
    ({"last_visit": {"within_last": "7d"}}, [(day(7), OUT)]),
    ({"first_visit": {"older_than": "7d"}}, [(day(7), IN)]),
    ({"last_activity": {"before": "now-1d"}}, [(day(1, 1), IN)]),
    ({"inactive_for": "30d"}, [(day(30), IN)]),
    ({"property": "plan", "exists": False, "held_for": "7d"}, [(day(7), IN)]),
    ({"tags": {"exists": False}, "held_for": "7d"}, [(day(7), IN)]),
]

OF_A_DATE: list[tuple[dict[str, Any], Turns]] = [
    ({"within_last": "7d"}, [(day(10), IN), (day(17), OUT)]),
    ({"within_next": "7d"}, [(day(3), IN), (day(10), OUT)]),
    ({"older_than": "7d"}, [(day(17), IN)]),
    ({"anniversary_within": "3d"}, [(day(7), IN), (day(11), OUT)]),
    ({"before": "now"}, [(day(11), IN)]),
    ({"lte": "now+1d"}, [(day(9), IN)]),
    ({"eq": "now/d"}, [(day(10), IN), (day(11), OUT)]),
    ({"between": ["now-1w/d", "now-1d"]}, [(day(11), IN), (day(18), OUT)]),
    ({"within_last": "9d", "held_for": "7d"}, [(day(17), IN), (day(19), OUT)]),
]


@pytest.mark.parametrize(("when", "turns"), AFTER_A_VISIT)
def test_every_kind_of_leaf_turns_by_time_alone(when: dict[str, Any], turns: Turns) -> None:
    driver = _driver(when)
    driver.visit(day(0))
    assert _changes_by_time(driver) == turns


@pytest.mark.parametrize(("operators", "turns"), OF_A_DATE)
def test_every_operator_on_a_date_turns_by_time_alone(operators: dict[str, Any], turns: Turns) -> None:
    driver = _driver({"property": "ends", **operators})
    driver.change_contact(day(0), ends="2026-01-11")
    assert _changes_by_time(driver) == turns


def test_an_item_of_a_list_turns_by_time_alone() -> None:
    driver = _driver({"property": "orders", "has_item": {"placed": {"lt": "now-7d"}}})
    driver.change_contact(day(0), orders=[{"placed": instant_text(day(0))}, {"placed": "soon"}])
    assert _changes_by_time(driver) == [(day(7, 1), IN)]


def test_a_sequence_leaves_by_time_alone_with_its_first_step() -> None:
    driver = _driver({"sequence": PATHS, "within": "7d"})
    driver.visit(day(0), "/a")
    driver.visit(day(0) + HOUR, "/b")
    assert _changes_by_time(driver) == [(day(7), OUT)]


def test_a_birthday_that_comes_twice_begins_again_when_clocks_go_back() -> None:
    """In St. John's clocks went back from 00:01 to 23:01; whether somebody asks in between makes no difference."""
    segments = [{"id": "moving", "dynamic": True, "when": {"property": "born", "anniversary_within": "0d"}}]
    instants = ["2006-10-28T02:30", "2006-10-29T02:30", "2006-10-29T02:31", "2006-10-29T03:30"]
    expected = list(zip(instants, [IN, OUT, IN, OUT], strict=True))
    for asked in ([], ["02:30:30"], ["02:30:30", "02:40:00"]):
        driver = EngineDriver(time_zone="America/St_Johns", segments=segments, properties={"born": "date"})
        outputs = driver.change_contact(instant_ms("2006-10-01T00:00:00Z"), born="1990-10-28")
        for time in asked:
            outputs += driver.visit(instant_ms(f"2006-10-29T{time}Z"))
        outputs += driver.tick(instant_ms("2006-12-01T00:00:00Z"))
        changes = outputs_of_topic(outputs, "segment-changes")
        assert [(each["at"][:16], each["type"]) for each in changes] == expected


def _driver(when: dict[str, Any]) -> EngineDriver:
    segments = [{"id": "moving", "dynamic": True, "when": when}]
    return EngineDriver(segments=segments, properties={"ends": "date", "orders": "object"})


def _changes_by_time(driver: EngineDriver) -> Turns:
    """The instants and types of the changes up to a tick far ahead."""
    changes = outputs_of_topic(driver.tick(day(300)), "segment-changes")
    instants = {instant_text(day(number, plus)): day(number, plus) for number in range(300) for plus in (0, 1)}
    return [(instants[change["at"]], change["type"]) for change in changes]
