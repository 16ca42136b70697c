"""A search finds a contact exactly where a segment of that condition, defined from the first, would have it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.partition.backfill import History
from streams.engine.partition.broadcast import Standing
from streams.engine.state.deduplication import Memory
from streams.search.match import Search
from tests.harness.engine.engine_driver import DAY, START, Story
from tests.harness.random.random_conditions import conditions
from tests.harness.random.random_events import Move, moves
from tests.property.test_explain import CAMPAIGN, tell


@settings(max_examples=300, deadline=None)
@given(conditions(START), moves(START), st.sampled_from((75, 80, 100, DAY)))
def test_a_search_finds_who_would_be_a_member(condition: dict[str, Any], history: list[Move], after: int) -> None:
    member = Story(segments=[{"id": "hot", "dynamic": True, "when": condition}], campaigns=[CAMPAIGN])
    stranger = Story(campaigns=[CAMPAIGN])
    for story in (member, stranger):
        tell(story, history)
        story.tick(START + after)
    row = next(stranger.decider.contacts(), None)
    if row is None:
        return
    when = member.releases[0].segments[0].when
    assert when is not None
    search = Search(stranger.releases[0], when, None)
    past = History("default", search.following, lambda _, number: stranger.releases[number - 1], Memory())
    for entry in stranger.journal:
        past.take(*entry)
    found = search.match(row, Standing(tick=START + after), past.kept().get("ann"))
    assert (found and row.status == "active") == ("hot" in member.members())
