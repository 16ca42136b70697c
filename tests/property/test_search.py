"""A search finds a contact exactly when a segment with that condition would have it as a member."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.partition.backfill import BackfillCounter
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.search.match import ContactMatcher
from tests.harness.engine.engine_driver import DAY, START, EngineDriver
from tests.harness.random.random_conditions import conditions
from tests.harness.random.random_events import RandomEvent, random_events
from tests.property.test_explain import CAMPAIGN, send_history


@settings(max_examples=300, deadline=None)
@given(conditions(START), random_events(START), st.sampled_from((75, 80, 100, DAY)))
def test_a_search_finds_the_contacts_that_would_be_members(
    condition: dict[str, Any], events: list[RandomEvent], after: int
) -> None:
    member = EngineDriver(segments=[{"id": "hot", "dynamic": True, "when": condition}], campaigns=[CAMPAIGN])
    stranger = EngineDriver(campaigns=[CAMPAIGN])
    for driver in (member, stranger):
        send_history(driver, events)
        driver.tick(START + after)
    row = next(stranger.decider.contacts(), None)
    if row is None:
        return
    when = member.releases[0].segments[0].when
    assert when is not None
    search = ContactMatcher(stranger.releases[0], when, None)
    backfill = BackfillCounter(
        "default", search.backfill_leaves, lambda _, number: stranger.releases[number - 1], DEFAULT_ENGINE_SETTINGS
    )
    backfill.count(stranger.journal, ())
    is_match = search.matches(row, PartitionStatus(tick=START + after), backfill.states().get("ann"))
    assert (is_match and row.status == "active") == ("hot" in member.members())
