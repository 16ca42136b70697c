"""A search finds a contact exactly where a segment of that condition, defined from the first, would have it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.partition.backfill import BackfillCounter
from streams.engine.partition.broadcast import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.search.match import ContactMatcher
from tests.harness.engine.engine_driver import DAY, START, EngineDriver
from tests.harness.random.random_conditions import conditions
from tests.harness.random.random_events import RandomEvent, random_events
from tests.property.test_explain import CAMPAIGN, tell


@settings(max_examples=300, deadline=None)
@given(conditions(START), random_events(START), st.sampled_from((75, 80, 100, DAY)))
def test_a_search_finds_who_would_be_a_member(
    condition: dict[str, Any], history: list[RandomEvent], after: int
) -> None:
    member = EngineDriver(segments=[{"id": "hot", "dynamic": True, "when": condition}], campaigns=[CAMPAIGN])
    stranger = EngineDriver(campaigns=[CAMPAIGN])
    for story in (member, stranger):
        tell(story, history)
        story.tick(START + after)
    row = next(stranger.decider.contacts(), None)
    if row is None:
        return
    when = member.releases[0].segments[0].when
    assert when is not None
    search = ContactMatcher(stranger.releases[0], when, None)
    past = BackfillCounter(
        "default", search.backfill_leaves, lambda _, number: stranger.releases[number - 1], DEFAULT_ENGINE_SETTINGS
    )
    past.count(stranger.journal, ())
    found = search.matches(row, PartitionStatus(tick=START + after), past.states().get("ann"))
    assert (found and row.status == "active") == ("hot" in member.members())
