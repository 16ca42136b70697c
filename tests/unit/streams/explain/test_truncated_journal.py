"""What is told of a contact whose partition's journal lost its beginning."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_text
from streams.engine.partition.broadcast import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact
from streams.errors import JournalTruncated
from streams.explain.answer import Question
from streams.explain.contact_records import ContactRecords
from streams.explain.text import explanation_lines
from streams.explain.timeline import EngineParameters
from streams.explain.truncated_journal import TruncatedJournal, explain_from_truncated
from streams.settings import Clock
from tests.harness.engine.engine_driver import DAY, EngineDriver, day

KEEN = {"id": "keen", "dynamic": True, "when": {"visit": {}, "count": {"gte": 3}}}
QUESTION = Question("default", "ann", "keen")


class TruncatedHistory:
    """A story of which everything before a place in the journal is gone."""

    def __init__(self, story: EngineDriver, place: int, speaks_from: int | None, clock: Clock = "events") -> None:
        past = ContactRecords("default", "ann")
        for offset, key, value in story.journal:
            if offset >= place and past.is_relevant(key):
                past.feed(value)
        row: Contact | None = next((each for each in story.decider.contacts() if each.id == "ann"), None)
        standing = PartitionStatus(releases=story.decider.active_releases())
        self.remains = TruncatedJournal(past.records, speaks_from, clock, row, standing)
        self._rules = EngineParameters(lambda _, number: story.releases[number - 1], DEFAULT_ENGINE_SETTINGS)

    def told(self, at: int | None = None) -> dict[str, Any]:
        return explain_from_truncated(QUESTION, self.remains, at, self._rules)


def old_story() -> EngineDriver:
    """ann visits on days 1 to 5; she enters on day 3."""
    story = EngineDriver(segments=[KEEN])
    for number in range(1, 6):
        story.visit(day(number))
    return story


def young_story() -> EngineDriver:
    """bob is old; time is told on day 10, and ann comes on day 11 for three visits, a day each."""
    story = EngineDriver(segments=[KEEN])
    story.visit(day(1), contact="bob")
    story.tick(day(10))
    for number in range(11, 14):
        story.visit(day(number))
    return story


def test_the_present_comes_from_the_row_and_what_is_gone_is_said_first() -> None:
    answer = TruncatedHistory(old_story(), 4, day(4)).told()
    assert (answer["member"], answer["since"]) == (True, instant_text(day(3)))
    leaf = answer["condition"]
    assert (leaf["count"], [event["at"] for event in leaf["events"]]) == (
        3,
        [instant_text(day(4)), instant_text(day(5))],
    )
    assert "history" not in answer
    assert "last_changed" not in answer
    first, *_ = explanation_lines(answer)
    assert first.startswith(f"the journal speaks from {instant_text(day(4))} on: older events")


@pytest.mark.parametrize("at", [day(2), day(3), day(5), day(9)])
def test_a_past_that_rests_on_what_is_gone_is_refused_with_the_date(at: int) -> None:
    with pytest.raises(JournalTruncated, match=instant_text(day(4))):
        TruncatedHistory(old_story(), 4, day(4)).told(at)


def test_a_contact_that_came_after_the_beginning_is_told_as_ever() -> None:
    lost = TruncatedHistory(young_story(), 2, day(10))
    assert [lost.told(at).get("member") for at in (day(11), day(12), day(13))] == [False, False, True]
    assert lost.told(day(10))["known"] is False
    answer = lost.told()
    assert ("gone" in answer, answer["last_changed"], len(answer["history"])) == (False, instant_text(day(13)), 1)
    assert answer["release"] == 1


def test_on_the_events_clock_the_time_told_before_a_contact_has_to_be_left() -> None:
    """Otherwise nobody knows which instant its first record took effect at."""
    with pytest.raises(JournalTruncated):
        TruncatedHistory(young_story(), 3, day(10)).told(day(13))
    assert TruncatedHistory(young_story(), 3, day(10), clock="wall").told(day(13))["member"] is True


def test_a_release_that_came_meanwhile_hides_the_one_before_it() -> None:
    story = young_story()
    story.apply(at=day(14), segments=[KEEN, {"id": "vip"}])
    with pytest.raises(JournalTruncated):
        TruncatedHistory(story, 2, day(10)).told(day(13))
    assert TruncatedHistory(story, 0, day(0)).told(day(13))["member"] is True


def test_a_first_record_that_came_late_may_not_have_been_the_first() -> None:
    """Its `at` is before all that is left: nobody can say that nothing of it is gone."""
    story = EngineDriver(segments=[KEEN])
    story.visit(day(10), contact="bob")
    story.visit(day(9))
    with pytest.raises(JournalTruncated):
        TruncatedHistory(story, 1, day(10), clock="wall").told(day(10))


def test_where_nothing_left_tells_a_time_that_is_said() -> None:
    lost = TruncatedHistory(old_story(), 6, None)
    assert lost.told()["member"] is True
    with pytest.raises(JournalTruncated, match="nothing of it is left that tells a time"):
        lost.told(day(3, DAY // 2))


def test_whom_nobody_ever_heard_of_is_not_known_then_either() -> None:
    story = EngineDriver(segments=[KEEN])
    story.visit(day(10), contact="bob")
    assert TruncatedHistory(story, 1, day(10)).told(day(10))["known"] is False
