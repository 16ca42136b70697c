"""An instant set against a calendar date is the day that it lies in, so the truth turns at local midnight."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_ms
from tests.harness.engine.conditions import (
    NOW,
    activity,
    compile_dict,
    contact,
    due,
    evaluation_context,
    holds,
    holds_after,
)
from tests.harness.engine.engine_driver import EngineDriver, day

BERLIN = "Europe/Berlin"
DECLARATIONS: list[dict[str, Any]] = [{}, {"d": "datetime"}]
declarations = pytest.mark.parametrize("declared", [{"d": "date"}, {}])
Declared = dict[str, Any]
"""Property -> its declared type, if it has one."""

# The 10th of March of Berlin lies from 23:00 UTC of the 9th to 23:00 UTC of the 10th.
EVENING, LAST, NEXT = "2026-03-09T23:00:00Z", "2026-03-10T22:59:59.999Z", "2026-03-10T23:00:00Z"
AGAINST_INSTANTS: list[tuple[dict[str, Any], str, bool]] = [
    ({"eq": EVENING}, "2026-03-10", True),
    ({"eq": LAST}, "2026-03-10", True),
    ({"eq": NEXT}, "2026-03-10", False),
    ({"eq": "2026-03-09T22:59:59.999Z"}, "2026-03-10", False),
    ({"ne": LAST}, "2026-03-10", False),
    ({"ne": NEXT}, "2026-03-10", True),
    ({"in": [NEXT, LAST]}, "2026-03-10", True),
    ({"in": [NEXT]}, "2026-03-10", False),
    ({"not_in": [NEXT, LAST]}, "2026-03-10", False),
    ({"not_in": [NEXT]}, "2026-03-10", True),
    ({"gt": LAST}, "2026-03-10", False),
    ({"gt": LAST}, "2026-03-11", True),
    ({"after": EVENING}, "2026-03-10", False),
    ({"after": EVENING}, "2026-03-11", True),
    ({"gte": LAST}, "2026-03-10", True),
    ({"gte": NEXT}, "2026-03-10", False),
    ({"lt": LAST}, "2026-03-10", False),
    ({"lt": NEXT}, "2026-03-10", True),
    ({"before": LAST}, "2026-03-10", False),
    ({"before": NEXT}, "2026-03-10", True),
    ({"lte": EVENING}, "2026-03-10", True),
    ({"lte": "2026-03-09T22:59:59.999Z"}, "2026-03-10", False),
    ({"between": [LAST, NEXT]}, "2026-03-10", True),
    ({"between": [LAST, NEXT]}, "2026-03-11", True),
    ({"between": [LAST, NEXT]}, "2026-03-12", False),
    ({"between": [LAST, LAST]}, "2026-03-09", False),
    ({"between": [LAST, "2026-03-12"]}, "2026-03-12", True),
    ({"eq": "2026-03-11||-24h"}, "2026-03-09", False),
    ({"eq": "2026-03-11||-24h"}, "2026-03-10", True),
    ({"eq": "2026-03-10T12:00:00Z||-1M"}, "2026-02-10", True),
    ({"eq": "now"}, "2026-03-10", True),
    ({"eq": "now/d"}, "2026-03-10", True),
    ({"eq": "now+30d"}, "2026-04-09", True),
    ({"eq": "now+30d"}, "2026-04-08", False),
    ({"eq": "now+12h"}, "2026-03-11", True),
    ({"before": "now"}, "2026-03-10", False),
    ({"before": "now"}, "2026-03-09", True),
    ({"after": "now"}, "2026-03-10", False),
    ({"after": "now"}, "2026-03-11", True),
]


@declarations
@pytest.mark.parametrize(("operators", "value", "expected"), AGAINST_INSTANTS)
def test_an_instant_is_the_day_that_it_lies_in(
    operators: dict[str, Any], value: str, expected: bool, declared: Declared
) -> None:
    assert holds({"property": "d", **operators}, {"d": value}, NOW, BERLIN, **declared) is expected


@declarations
def test_it_is_the_day_in_the_zone_named(declared: Declared) -> None:
    leaf = {"property": "d", "eq": "2026-03-10T12:00:00Z", "in_zone": "contact"}
    for zone, value in (
        ("Pacific/Auckland", "2026-03-11"),
        ("Pacific/Honolulu", "2026-03-10"),
        ("Mars", "2026-03-10"),
    ):
        assert holds(leaf, {"d": value, "time_zone": zone}, NOW, BERLIN, **declared)
    assert not holds(leaf, {"d": "2026-03-10", "time_zone": "Pacific/Auckland"}, NOW, BERLIN, **declared)


@pytest.mark.parametrize("operator", ["eq", "gte", "lte"])
def test_an_instant_stays_an_instant_to_an_instant(operator: str) -> None:
    leaf = {"property": "d", operator: LAST}
    for declared in DECLARATIONS:
        assert holds(leaf, {"d": LAST}, NOW, BERLIN, **declared)
    assert not holds({"property": "d", "eq": LAST}, {"d": "2026-03-10T22:59:59.998Z"}, NOW, BERLIN)
    assert holds({"property": "d", "lt": LAST}, {"d": "2026-03-10T22:59:59.998Z"}, NOW, BERLIN)


TURNS: list[tuple[dict[str, Any], str, list[str]]] = [
    # The instants at which the truth turns, in Berlin: clocks go forward on the 29th of March.
    ({"eq": "now+30d"}, "2026-04-12", ["2026-03-12T23:00:00Z", "2026-03-13T23:00:00Z"]),
    ({"eq": "now+2d"}, "2026-03-30", ["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"]),
    ({"ne": "now+30d"}, "2026-04-12", ["2026-03-12T23:00:00Z", "2026-03-13T23:00:00Z"]),
    ({"in": ["now+1d", "2026-01-01"]}, "2026-03-31", ["2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"]),
    ({"eq": "now-1M"}, "2026-02-28", ["2026-03-27T23:00:00Z", "2026-03-31T22:00:00Z"]),
    ({"eq": "now"}, "2026-03-29", ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"]),
    ({"eq": "now+12h"}, "2026-03-12", ["2026-03-11T11:00:00Z", "2026-03-12T11:00:00Z"]),
    ({"before": "now"}, "2026-03-12", ["2026-03-12T23:00:00Z"]),
    ({"after": "now"}, "2026-03-12", ["2026-03-11T23:00:00Z"]),
    ({"gte": "now"}, "2026-03-12", ["2026-03-12T23:00:00Z"]),
    ({"lte": "now/w"}, "2026-03-12", ["2026-03-15T23:00:00Z"]),
    ({"gt": "now/M"}, "2026-04-01", ["2026-03-31T22:00:00Z"]),
    ({"between": ["now-1d", "now+1d"]}, "2026-03-14", ["2026-03-12T23:00:00Z", "2026-03-15T23:00:00Z"]),
]


@declarations
@pytest.mark.parametrize(("operators", "value", "turns"), TURNS)
def test_the_truth_turns_at_local_midnight(
    operators: dict[str, Any], value: str, turns: list[str], declared: Declared
) -> None:
    node = compile_dict({"property": "d", **operators}, BERLIN, **declared).node
    state = contact(properties={"d": value})
    assert _turns_until(node, state, instant_ms("2026-05-01T00:00:00Z")) == [instant_ms(turn) for turn in turns]
    for turn in map(instant_ms, turns):
        before, at = (node.holds(evaluation_context(state, now)) for now in (turn - 1, turn))
        assert before is not at


def _turns_until(node: Any, state: Any, end: int) -> list[int]:
    """The instants up to `end` at which the truth changes, found by nothing but what is due."""
    turns, now = [], NOW
    truth = node.holds(evaluation_context(state, now))
    while (later := node.due(evaluation_context(state, now))) is not None and later <= end:
        assert later > now
        now = later
        if node.holds(evaluation_context(state, now)) is not truth:
            truth = not truth
            turns.append(now)
    return turns


def test_a_segment_is_entered_and_left_at_local_midnight() -> None:
    leaf = {"property": "d", "eq": "now+30d"}
    story = EngineDriver(
        time_zone=BERLIN, properties={"d": "date"}, segments=[{"id": "s", "dynamic": True, "when": leaf}]
    )
    story.change_contact(day(0), d="2026-02-05")  # the 30th day after the 6th of January
    outputs = [output for output in story.tick(day(20)) if output["topic"] == "segment-changes"]
    assert [(output["type"], output["at"]) for output in outputs] == [
        ("segment.entered", "2026-01-05T23:00:00.000Z"),
        ("segment.exited", "2026-01-06T23:00:00.000Z"),
    ]


def test_where_clocks_go_back_after_midnight_the_day_comes_twice() -> None:
    zone = "America/St_Johns"  # at 00:01 of 2006-10-29 clocks went back to 23:01 of the day before
    leaf = {"property": "d", "eq": "now"}
    node, state = compile_dict(leaf, zone, d="date").node, contact(properties={"d": "2006-10-29"})
    first = instant_ms("2006-10-29T02:30:00Z")
    back, second = first + 60_000, first + 3_600_000
    expected = {first - 1: False, first: True, back - 1: True, back: False, second - 1: False, second: True}
    assert {now: node.holds(evaluation_context(state, now)) for now in expected} == expected
    for now, change in ((first - 1, first), (first, back), (back, second)):
        later: int | None = now
        while later is not None and later < change:
            later = node.due(evaluation_context(state, later))
        assert later == change


def test_a_day_that_a_zone_leaves_out_is_no_other_day() -> None:
    zone = "Pacific/Apia"  # from the 29th to the 31st of December 2011
    leaf = {"property": "d", "eq": "now"}
    for value, expected in (("2011-12-30", False), ("2011-12-31", True)):
        assert holds(leaf, {"d": value}, instant_ms("2011-12-30T10:00:00Z"), zone, d="date") is expected
    for operand, value in (("2011-12-31", "2011-12-30"), ("2011-12-30", "2011-12-31")):
        assert not holds({"property": "d", "eq": operand}, {"d": value}, NOW, zone, d="date")


def test_a_calendar_date_in_an_event_is_compared_on_the_events_own_day() -> None:
    leaf = {"activity": {"d": {"eq": "now+1d"}}}
    for value, expected in (("2026-03-11", True), ("2026-03-10", False), ("2026-03-12", False)):
        assert holds_after(leaf, [activity(NOW, "form", d=value)], NOW, BERLIN)[0] is expected


@pytest.mark.parametrize(
    ("operators", "expected"),
    [
        ({"eq": "2026-03-09T23:00:00Z"}, True),  # local midnight, an instant
        ({"eq": "2026-03-10T08:00:00Z"}, False),
        ({"lt": "2026-03-09T23:00:00.001Z"}, True),
        ({"lt": "2026-03-09T23:00:00Z"}, False),
        ({"gte": "2026-03-09T23:00:00Z"}, True),
        ({"eq": "2026-03-10"}, True),
        ({"lte": "2026-03-10"}, True),
        ({"after": "2026-03-09"}, True),
        ({"within_last": "PT13H0.001S"}, True),
        ({"older_than": "13h"}, True),
        ({"older_than": "PT13H0.001S"}, False),
    ],
)
def test_a_datetime_given_as_a_date_is_its_local_midnight(operators: dict[str, Any], expected: bool) -> None:
    assert holds({"property": "d", **operators}, {"d": "2026-03-10"}, NOW, BERLIN, d="datetime") is expected


def test_that_midnight_is_the_accounts_also_where_the_contacts_zone_is_named() -> None:
    properties = {"d": "2026-03-10", "time_zone": "America/New_York"}  # there it is still the 9th
    for operand, expected in (("2026-03-09", True), ("2026-03-10", False)):
        leaf = {"property": "d", "eq": operand, "in_zone": "contact"}
        assert holds(leaf, properties, NOW, BERLIN, d="datetime") is expected
    leaf = {"property": "d", "eq": "2026-03-10", "in_zone": "contact"}
    assert holds(leaf, properties, NOW, BERLIN, d="date")


def test_a_datetime_given_as_a_date_is_due_like_an_instant() -> None:
    leaf = {"property": "d", "older_than": "1d"}
    assert due(leaf, {"d": "2026-03-10"}, NOW, BERLIN, d="datetime") == instant_ms("2026-03-10T23:00:00Z")


def test_in_version_3_a_date_is_compared_by_its_midnight() -> None:
    leaf = {"property": "d", "eq": "now+30d"}
    midnight = instant_ms("2026-03-09T23:00:00Z")
    for now, expected in ((midnight - 1, False), (midnight, True), (midnight + 1, False)):
        assert holds(leaf, {"d": "2026-04-09"}, now, BERLIN, 3, d="date") is expected
        assert holds({"property": "d", "eq": "now"}, {"d": "2026-03-10"}, now, BERLIN, 3, d="date") is expected
    assert holds({"property": "d", "before": "now"}, {"d": "2026-03-10"}, NOW, BERLIN, 3, d="date")
