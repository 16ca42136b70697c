"""Random definitions and histories: the engine, step by step, agrees with an evaluation of the whole history.

Every kind of leaf, nested; events out of order, repeated, at equal instants; local midnights and changes of clocks.
The reference evaluator tries every millisecond, so every entry and exit is compared with its exact instant.

Five thousand examples by default; `pytest --hypothesis-profile=deep` tries
fifty thousand, in about ten minutes.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION, EngineVersion
from schemas.values import instant_ms
from tests.harness.engine.engine_driver import sound_definitions
from tests.harness.engine.reference_pair import EngineUnderTest, ReferenceEngine, timed_events
from tests.harness.random.random_conditions import PROPERTIES, conditions
from tests.harness.random.random_events import RandomEvent, random_events

STARTS = {
    "2026-03-10T12:00:00Z": "UTC",
    "2026-03-31T21:59:59.970Z": "Europe/Berlin",  # 30 ms before a local month begins
    "2026-03-29T00:59:59.970Z": "Europe/Berlin",  # before clocks are put forward
    "2026-10-25T00:59:59.970Z": "Europe/Berlin",  # before clocks are put back
    "2026-03-08T04:59:59.970Z": "America/New_York",  # before the midnight of a day of 23 hours
}
AFTERWARDS = 130
"""Ms after the last event, in which every window ends."""


RandomCase = tuple[dict[str, Any], int, int, list[RandomEvent]]
"""Definitions, lateness (ms), the first instant (ms), and events."""

_WITHOUT_LIMITS = [HealthCheck.too_slow, HealthCheck.data_too_large]


@st.composite
def cases(draw: st.DrawFn, engine_version: EngineVersion) -> RandomCase:
    """Draws definitions that an engine version knows, and what happens."""
    text = draw(st.sampled_from(sorted(STARTS)))
    start = instant_ms(text)
    segments: list[dict[str, Any]] = [{"id": "kept"}]
    for number in range(draw(st.integers(1, 3))):
        segment_ids = tuple(segment["id"] for segment in segments[1:])
        when = draw(conditions(start, segment_ids, engine_version=engine_version))
        segments.append({"id": f"s{number}", "dynamic": True, "when": when})
    if draw(st.booleans()):
        segments[1]["statuses"] = ["active", "inactive"]
    rules = []
    if draw(st.booleans()):
        segment_ids = tuple(segment["id"] for segment in segments[1:])
        when = draw(conditions(start, segment_ids, lead_at_hand=True, engine_version=engine_version))
        rules.append({"id": "r", "when": when, "then": {"remove_from_segment": "kept"}})
    raw = {
        "engine_version": engine_version,
        "time_zone": STARTS[text],
        "properties": PROPERTIES,
        "segments": segments,
        "campaigns": [{"id": "c", "automation": rules}],
    }
    return raw, draw(st.sampled_from([0, 5, 20, 86_400_000])), start, draw(random_events(start))


@pytest.mark.timeout(3_600)  # fifty thousand take ten minutes and more
@settings(
    max_examples=50 * settings().max_examples,  # the profile's number is meant for smaller tests
    deadline=None,
    suppress_health_check=_WITHOUT_LIMITS,
)
@given(cases(NEWEST_VERSION))
def test_step_by_step_agrees_with_the_whole_history(case: RandomCase) -> None:
    assert_agreement(case)


@settings(max_examples=5 * settings().max_examples, deadline=None, suppress_health_check=_WITHOUT_LIMITS)
@given(cases(OLDEST_VERSION))
def test_a_release_of_the_older_version_keeps_its_meaning(case: RandomCase) -> None:
    assert_agreement(case)


def assert_agreement(case: RandomCase) -> None:
    raw, lateness, start, events = case
    engine, reference = EngineUnderTest(sound_definitions(raw), lateness), ReferenceEngine(raw, lateness)
    end = RandomEvent("tick", AFTERWARDS)
    for event, id_, at in timed_events([*events, end], start):
        if event.event_type == "tick":
            changes, expected = engine.tick(at), reference.tick(at)
        else:
            changes, expected = engine.send(event, id_, at), reference.send(event, id_, at)
        assert changes == expected
        _assert_same_state(engine, reference)


def _assert_same_state(engine: EngineUnderTest, reference: ReferenceEngine) -> None:
    contact = engine.contact()
    if contact is None:
        return
    assert set(contact.members) == reference.members
    truths = reference.automation_results()
    if truths is not None:
        truths_by_rule = contact.leads["c"].truths
        assert {rule: truths_by_rule.get(rule, False) for rule in truths} == truths
