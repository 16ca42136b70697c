"""Events later than `lateness` count everywhere but in `first`, `last` and `sequence` (SPEC section 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from tests.harness.engine.engine_driver import HOUR, EngineDriver, day

SEGMENTS: list[dict[str, Any]] = [
    {"id": "first-on-a", "dynamic": True, "when": {"visit": {}, "first": {"path": {"eq": "/a"}}}},
    {"id": "last-on-a", "dynamic": True, "when": {"visit": {}, "last": {"path": {"eq": "/a"}}}},
    {"id": "been-on-a", "dynamic": True, "when": {"visit": {"path": {"eq": "/a"}}}},
]


def test_exactly_a_day_late_still_is_the_first() -> None:
    driver = EngineDriver(segments=SEGMENTS)
    driver.visit(day(2), "/b")
    driver.visit(day(1), "/a")
    assert driver.members() == ["been-on-a", "first-on-a"]


def test_a_millisecond_later_it_counts_everywhere_else() -> None:
    driver = EngineDriver(segments=SEGMENTS)
    driver.visit(day(2), "/b")
    driver.visit(day(1, -1), "/a")
    assert driver.members() == ["been-on-a"]


def test_lateness_is_measured_against_the_clock_not_against_other_visits() -> None:
    driver = EngineDriver(segments=SEGMENTS)
    driver.change_contact(day(1), country="DE")
    driver.tick(day(3))
    driver.visit(day(2, -1), "/a")
    assert driver.members() == ["been-on-a"]
    driver.visit(day(2), "/a")
    assert driver.members() == ["been-on-a", "first-on-a", "last-on-a"]


def test_lateness_is_a_setting() -> None:
    driver = EngineDriver(segments=SEGMENTS)
    settings = replace(DEFAULT_ENGINE_SETTINGS, lateness=HOUR)
    strict = PartitionDecider(0, lambda _, number: driver.releases[number - 1], settings)
    strict.resume(None)
    driver.decider = strict
    driver.apply(segments=SEGMENTS)
    driver.visit(day(2), "/b")
    driver.visit(day(2) - HOUR - 1, "/a")
    assert driver.members() == ["been-on-a"]
    driver.visit(day(2) - HOUR, "/a")
    assert driver.members() == ["been-on-a", "first-on-a"]


def test_only_sequence_first_and_last_ignore_events_that_are_too_late() -> None:
    b_after_a = {"sequence": [{"visit": {"path": {"eq": "/a"}}}, {"visit": {"path": {"eq": "/b"}}}], "within": "7d"}
    twice = {"visit": {}, "count": {"eq": 2}}
    two_days = {"visit": {}, "regular": {"at_least": 2, "of": 3, "each": "1d"}}
    leaves = {"b-after-a": b_after_a, "twice": twice, "two-days": two_days}
    segments = [{"id": name, "dynamic": True, "when": when} for name, when in leaves.items()]
    driver = EngineDriver(segments=segments)
    driver.visit(day(2), "/b")
    driver.visit(day(1, -1), "/a")
    assert driver.members() == ["twice", "two-days"]
    driver = EngineDriver(segments=segments)
    driver.visit(day(2), "/b")
    driver.visit(day(1), "/a")
    assert driver.members() == ["b-after-a", "twice", "two-days"]
