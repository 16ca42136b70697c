"""Skipping conditions whose inputs did not change leaves the outputs the same."""

from __future__ import annotations

import random
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.releases.truths import renew_truths
from tests.harness.engine.engine_driver import HOUR, START, EngineDriver

SEGMENTS: list[dict[str, Any]] = [
    {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}},
    {"id": "domain", "dynamic": True, "when": {"property": "email_domain", "eq": "example.com"}},
    {"id": "tagged", "dynamic": True, "when": {"tags": {"contains": "a"}}},
    {"id": "soon", "dynamic": True, "when": {"property": "ends_on", "within_next": "2d"}},
    {"id": "today", "dynamic": True, "when": {"property": "ends_on", "eq": "now/d"}},
    {"id": "zoned", "dynamic": True, "when": {"property": "ends_on", "before": "2026-01-03", "in_zone": "contact"}},
    {"id": "often", "dynamic": True, "when": {"visit": {}, "count": {"gte": 3}}},
    {"id": "rich", "dynamic": True, "when": {"score": {"gte": 3}}},
    {"id": "bounced", "dynamic": True, "when": {"status": {"eq": "bounced"}}, "statuses": ["active", "bounced"]},
    {"id": "hot", "dynamic": True, "when": {"lead": {"campaign": "spring", "points": {"gte": 4}}}},
    {"id": "mixed", "dynamic": True, "when": {"any": [{"segment": "hot"}, {"not": {"segment": "german"}}]}},
    {"id": "of-vip", "dynamic": True, "when": {"segment": "vip"}},
    {"id": "vip"},
]
SPRING: dict[str, Any] = {
    "id": "spring",
    "audience": ["german", "often"],
    "half_life": "1d",
    "scoring": [{"id": "visit", "when": {"visit": {}}, "points": 2}],
    "automation": [
        {"id": "list", "when": {"points": {"gte": 3}}, "then": {"add_to_segment": "vip"}},
        {"id": "unlist", "when": {"points": {"lt": 1}}, "then": {"remove_from_segment": "vip"}},
        {"id": "old", "when": {"lead_age": {"gte": "3d"}}, "then": {"set_status": "rejected"}},
    ],
}
DEFINITIONS: dict[str, Any] = {"properties": {"ends_on": "date"}, "segments": SEGMENTS, "campaigns": [SPRING]}


def random_outputs(seed: int) -> list[dict[str, Any]]:
    """Returns the outputs of a random history of one contact."""
    chance = random.Random(seed)
    driver = EngineDriver(**DEFINITIONS)
    outputs: list[dict[str, Any]] = []
    now = START
    for _ in range(30):
        now += chance.choice((0, HOUR, 7 * HOUR, 20 * HOUR))
        outputs += _step(chance, driver, now - chance.choice((0, 0, 2 * HOUR)))
    return outputs


def _step(chance: random.Random, driver: EngineDriver, at: int) -> list[dict[str, Any]]:
    what = chance.randrange(8)
    if what == 0:
        return driver.visit(at, campaign=chance.choice(("spring", "none")))
    if what == 1:
        return driver.send("score.adjusted", at, points=chance.randint(-2, 3))
    if what == 2:
        return driver.change_contact(at, status=chance.choice(("active", "active", "bounced", "deleted")))
    if what == 3:
        return driver.send(chance.choice(("segment.member_added", "segment.member_removed")), at, segment="vip")
    if what == 4:
        return driver.send(chance.choice(("lead.added", "lead.reactivated", "lead.removed")), at, campaign="spring")
    if what == 5:
        return driver.tick(at)
    return driver.change_contact(
        at,
        **chance.choice(
            (
                {"country": chance.choice(("DE", "FR", None))},
                {"email": chance.choice(("a@example.com", "a@example.org", None))},
                {"tags": chance.choice((["a"], ["b"]))},
                {"ends_on": f"2026-01-0{chance.randint(1, 9)}"},
                {"time_zone": chance.choice(("Asia/Tokyo", "America/New_York"))},
            )
        ),
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_evaluating_every_condition_at_every_record_changes_nothing(seed: int) -> None:
    expected = random_outputs(seed)
    with patch("streams.engine.decisions.context.truths_of", renew_truths):
        assert random_outputs(seed) == expected
