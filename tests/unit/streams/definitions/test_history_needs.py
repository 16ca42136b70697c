"""How far back leaves reach, and which are refused where the journal does not go back so far."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions import Definitions
from schemas.values import instant_ms
from streams.definitions.history_needs import new_history_needs
from streams.definitions.retention import JournalCoverage, coverage_problems
from tests.harness.engine.engine_driver import DAY, HOUR, sound_definitions

NOW = instant_ms("2026-06-15T12:00:00Z")
MIDNIGHT = instant_ms("2026-06-15T00:00:00Z")


def segments(*conditions: dict[str, Any]) -> Definitions:
    rows = [{"id": f"s{index}", "dynamic": True, "when": when} for index, when in enumerate(conditions)]
    return sound_definitions({"segments": rows})


def earliest_needed(leaf: dict[str, Any]) -> int | None:
    (need,) = new_history_needs(None, segments(leaf))
    return need.earliest_needed(NOW)


@pytest.mark.parametrize(
    ("leaf", "start"),
    [
        ({"visit": {}, "within": "7d"}, NOW - 7 * DAY),
        ({"visit": {}, "between_ago": ["30d", "7d"]}, NOW - 30 * DAY),
        ({"visit": {}, "since": "2026-03-01T00:00:00Z"}, instant_ms("2026-03-01T00:00:00Z")),
        ({"visit": {}, "within": "7d", "since": "2026-03-01T00:00:00Z"}, NOW - 7 * DAY),
        ({"visit": {}, "within": "700d", "since": "2026-03-01"}, instant_ms("2026-03-01T00:00:00Z")),
        ({"activity": {}, "regular": {"at_least": 2, "of": 7, "each": "1d"}}, NOW - 7 * DAY),
        ({"sequence": [{"visit": {}}, {"activity": {}}], "within": "3h"}, NOW - 3 * HOUR),
    ],
)
def test_a_window_reaches_to_where_it_begins(leaf: dict[str, Any], start: int) -> None:
    assert earliest_needed(leaf) == start


@pytest.mark.parametrize(
    "leaf",
    [
        {"visit": {}},
        {"visit": {}, "never": True},
        {"visit": {}, "until": "2026-03-01"},
        {"visit": {}, "first": True, "within": "7d"},
        {"visit": {}, "last": {"path": {"eq": "/"}}},
        {"property": "city", "eq": "Bonn", "held_for": "5d"},
    ],
)
def test_a_leaf_without_a_beginning_needs_all_the_past(leaf: dict[str, Any]) -> None:
    assert earliest_needed(leaf) is None


def test_a_moving_date_reaches_at_least_as_far_as_in_any_zone() -> None:
    leaf = {"visit": {}, "since": "now/d-7d", "in_zone": "contact"}
    instant = earliest_needed(leaf)
    assert instant is not None
    assert MIDNIGHT - 14 * DAY < instant < MIDNIGHT - 8 * DAY


def test_leaves_on_the_present_need_no_past() -> None:
    moments: list[dict[str, Any]] = [{"inactive_for": "30d"}, {"last_visit": {"within_last": "3d"}}]
    properties: list[dict[str, Any]] = [{"property": "country", "eq": "DE"}, {"score": {"gte": 5}}]
    assert new_history_needs(None, segments(*moments, *properties)) == []


def test_only_leaves_that_rows_do_not_track_yet_need_the_past() -> None:
    week, month = {"visit": {}, "within": "7d"}, {"visit": {}, "within": "30d"}
    needs = new_history_needs(segments(week), segments(week, {"all": [week, {"not": month}]}))
    assert [(each.owner, each.leaf) for each in needs] == [("segment s1", month)]


def test_a_leaf_that_needs_deleted_records_is_named_with_both_dates() -> None:
    definitions = sound_definitions(
        {
            "segments": [
                {"id": "week", "dynamic": True, "when": {"visit": {}, "within": "7d"}},
                {"id": "month", "dynamic": True, "when": {"not": {"visit": {}, "within": "30d"}}},
            ],
            "campaigns": [
                {
                    "id": "c",
                    "automation": [{"id": "r", "when": {"visit": {}, "never": True}, "then": {"add_points": 1}}],
                }
            ],
        }
    )
    lines = coverage_problems(new_history_needs(None, definitions), JournalCoverage(NOW - 10 * DAY, NOW))
    assert lines == [
        'segment month: {"visit":{},"within":"30d"} reaches back to 2026-05-16T12:00:00.000Z, but the journal speaks'
        " from 2026-06-05T12:00:00.000Z on: what was before fell to its retention; take a window that begins later",
        'rule c/r: {"visit":{},"never":true} reaches over all the past, but the journal speaks'
        " from 2026-06-05T12:00:00.000Z on: what was before fell to its retention; take a window that begins later",
    ]


def test_a_window_that_begins_where_the_journal_does_is_fine() -> None:
    needs = new_history_needs(None, segments({"visit": {}, "within": "7d"}))
    assert coverage_problems(needs, JournalCoverage(NOW - 7 * DAY, NOW)) == []
    assert len(coverage_problems(needs, JournalCoverage(NOW - 7 * DAY + 1, NOW))) == 1
