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
    story = EngineDriver(segments=SEGMENTS)
    story.visit(day(2), "/b")
    story.visit(day(1), "/a")
    assert story.members() == ["been-on-a", "first-on-a"]


def test_a_millisecond_later_it_counts_everywhere_else() -> None:
    story = EngineDriver(segments=SEGMENTS)
    story.visit(day(2), "/b")
    story.visit(day(1, -1), "/a")
    assert story.members() == ["been-on-a"]


def test_lateness_is_measured_against_the_clock_not_against_other_visits() -> None:
    story = EngineDriver(segments=SEGMENTS)
    story.change_contact(day(1), country="DE")
    story.tick(day(3))
    story.visit(day(2, -1), "/a")
    assert story.members() == ["been-on-a"]
    story.visit(day(2), "/a")
    assert story.members() == ["been-on-a", "first-on-a", "last-on-a"]


def test_lateness_is_a_setting() -> None:
    story = EngineDriver(segments=SEGMENTS)
    strict = PartitionDecider(
        0, lambda _, number: story.releases[number - 1], replace(DEFAULT_ENGINE_SETTINGS, lateness=HOUR)
    )
    strict.resume(None)
    story.decider = strict
    story.apply(segments=SEGMENTS)
    story.visit(day(2), "/b")
    story.visit(day(2) - HOUR - 1, "/a")
    assert story.members() == ["been-on-a"]
    story.visit(day(2) - HOUR, "/a")
    assert story.members() == ["been-on-a", "first-on-a"]


def test_of_all_leaves_only_sequence_first_and_last_pass_over_what_is_too_late() -> None:
    b_after_a = {"sequence": [{"visit": {"path": {"eq": "/a"}}}, {"visit": {"path": {"eq": "/b"}}}], "within": "7d"}
    twice = {"visit": {}, "count": {"eq": 2}}
    two_days = {"visit": {}, "regular": {"at_least": 2, "of": 3, "each": "1d"}}
    leaves = {"b-after-a": b_after_a, "twice": twice, "two-days": two_days}
    segments = [{"id": name, "dynamic": True, "when": when} for name, when in leaves.items()]
    story = EngineDriver(segments=segments)
    story.visit(day(2), "/b")
    story.visit(day(1, -1), "/a")
    assert story.members() == ["twice", "two-days"]
    story = EngineDriver(segments=segments)
    story.visit(day(2), "/b")
    story.visit(day(1), "/a")
    assert story.members() == ["b-after-a", "twice", "two-days"]
