"""Conditions and changes read as sentences, in the order of their times."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.console.browser import find_chromium
from tests.integration.console.conftest import Place

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium and chromedriver are not installed")

SENTENCES = """
const [leaves, done] = arguments; // as text: the driver puts the keys of objects in another order
import("/js/condition.js").then(({sentence}) => done(JSON.parse(leaves).map(sentence)));
"""

ORDER = """
const [instants, live, done] = arguments;
const record = (at) => ({type: "segment.entered", id: at, contact: "ada", segment: "vip", at});
import("/js/changes.js").then(({changeList, addLive}) => {
  const list = changeList(instants.map(record));
  live.forEach((at) => addLive(list, record(at)));
  done([...list.querySelectorAll("time")].map((each) => each.dateTime));
});
"""


LEAVES: list[tuple[Any, str]] = [
    ({"property": "country", "in": ["DE", "FR"]}, "property country is one of DE, FR"),
    ({"property": "country", "in": ["DE"]}, "property country is DE"),
    ({"property": "country", "not_in": ["DE"]}, "property country is not DE"),
    ({"property": "employees", "gte": 50, "lt": 1000}, "property employees is at least 50 and below 1000"),
    ({"property": ["address", "city"], "eq": "Ulm"}, "property address.city is Ulm"),
    ({"property": "city", "eq": "Ulm", "case_sensitive": True}, "property city is Ulm, case sensitive"),
    ({"property": "city", "exists": False}, "property city does not exist"),
    ({"status": {"in": ["active"]}}, "status is active"),
    ({"visit": {}, "count": {"gte": 1}, "within": "7d"}, "visit, at least 1 time, within 7d"),
    ({"visit": {}, "count": {"eq": 2}}, "visit, exactly 2 times"),
    ({"visit": {}, "count": {"between": [2, 5]}}, "visit, between 2 and 5 times"),
    ({"visit": {}, "count": {"eq": 0}, "between_ago": ["8d", "1d"]}, "visit, never, between 8d and 1d ago"),
    (
        {"sequence": [{"visit": {"path": {"eq": "/a"}}}, {"activity": {"name": {"eq": "b"}}}], "within": "1h"},
        "visit whose path is /a, then activity whose name is b, within 1h",
    ),
    ({"inactive_for": "7d"}, "inactive for 7d"),
    ({"points": {"gte": 100}}, "points is at least 100"),
]


def test_leaves_are_sentences(place: Place) -> None:
    leaves = json.dumps([leaf for leaf, _ in LEAVES])
    assert place.open_whole("segments").run_and_wait(SENTENCES, leaves) == [expected for _, expected in LEAVES]


def test_changes_stand_in_the_order_of_their_times_whichever_partition_told_first(place: Place) -> None:
    first, second, third, fourth, fifth = (f"2026-03-0{day}T10:00:00.000Z" for day in range(1, 6))
    shown = place.open_whole("segments").run_and_wait(ORDER, [second, fourth, third], [fifth, first])
    assert shown == [fifth, fourth, third, second, first]
