"""Random definitions, random histories: what the engine says step by step is what the whole history says.

Every kind of leaf, nested; events out of order, repeated, at equal instants; local midnights and changes of clocks.
The naive evaluator tries every millisecond, so every entering and leaving is compared with its exact instant.

Five thousand examples by default; `pytest --hypothesis-profile=deep` tries
fifty thousand, in about ten minutes.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.values import instant_ms
from tests.harness.engine.engine_driver import sound_definitions
from tests.harness.engine.reference_pair import EngineUnderTest, ReferenceEngine, timed_events
from tests.harness.random.random_conditions import PROPERTIES, conditions
from tests.harness.random.random_events import RandomEvent, random_events

STARTS = {
    "2026-03-10T12:00:00Z": "UTC",
    "2026-03-31T21:59:59.970Z": "Europe/Berlin",  # 30 ms before a local month begins
    "2026-03-29T00:59:59.970Z": "Europe/Berlin",  # before clocks are put forward
    "2026-10-25T00:59:59.970Z": "Europe/Berlin",  # before they are put back
    "2026-03-08T04:59:59.970Z": "America/New_York",  # before the midnight of a day of 23 hours
}
AFTERWARDS = 130
"""Ms after the last move, in which every window is over."""


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, Any], int, int, list[RandomEvent]]:
    """Definitions, lateness, the instant it all begins at, and what happens."""
    text = draw(st.sampled_from(sorted(STARTS)))
    start = instant_ms(text)
    segments: list[dict[str, Any]] = [{"id": "kept"}]
    for number in range(draw(st.integers(1, 3))):
        known = tuple(segment["id"] for segment in segments[1:])
        segments.append({"id": f"s{number}", "dynamic": True, "when": draw(conditions(start, known))})
    if draw(st.booleans()):
        segments[1]["statuses"] = ["active", "inactive"]
    rules = []
    if draw(st.booleans()):
        known = tuple(segment["id"] for segment in segments[1:])
        when = draw(conditions(start, known, lead_at_hand=True))
        rules.append({"id": "r", "when": when, "then": {"remove_from_segment": "kept"}})
    raw = {
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
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(worlds())
def test_step_by_step_is_what_the_whole_history_says(
    world: tuple[dict[str, Any], int, int, list[RandomEvent]],
) -> None:
    raw, lateness, start, happened = world
    engine, naive = EngineUnderTest(sound_definitions(raw), lateness), ReferenceEngine(raw, lateness)
    end = RandomEvent("tick", AFTERWARDS)
    for move, id_, at in timed_events([*happened, end], start):
        if move.event_type == "tick":
            told, expected = engine.tick(at), naive.tick(at)
        else:
            told, expected = engine.send(move, id_, at), naive.send(move, id_, at)
        assert told == expected
        _is_the_same(engine, naive)


def _is_the_same(engine: EngineUnderTest, naive: ReferenceEngine) -> None:
    contact = engine.contact()
    if contact is None:
        return
    assert set(contact.members) == naive.members
    truths = naive.automation_results()
    if truths is not None:
        known = contact.leads["c"].truths
        assert {rule: known.get(rule, False) for rule in truths} == truths
