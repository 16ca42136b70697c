"""What `explain` says of any instant is what the stream said then, and what it foresees is what comes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.values import instant_text
from streams.engine.partition.broadcast import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.explain.answer import Question, explain_from_journal, explain_from_state
from streams.explain.contact_records import ContactRecords
from streams.explain.timeline import EngineParameters
from tests.harness.engine.engine_driver import DAY, START, EngineDriver
from tests.harness.random.random_conditions import conditions
from tests.harness.random.random_events import RandomEvent, random_events

QUESTION = Question("default", "ann", "hot")
CAMPAIGN = {"id": "c", "scoring": [{"id": "visit", "when": {"visit": {}}, "points": 2}]}
AHEAD = 40 * DAY


def tell(story: EngineDriver, history: list[RandomEvent]) -> list[dict[str, Any]]:
    """Tells the moves, and returns the changes of the segment."""
    now, last = START, ""
    changes: list[dict[str, Any]] = []
    for move in history:
        now += move.elapsed
        if move.event_type == "tick":
            changes += story.tick(now)
            continue
        again = {"id": last} if move.is_repeat and last else {}
        changes += story.send(move.event_type, now - move.delay, **again, **move.fields)
        last = last if again else f"e{len(story.journal) - 1}"
    return of_segment(changes)


def of_segment(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries and exits among the outputs."""
    return [output for output in outputs if output.get("type") in ("segment.entered", "segment.exited")]


def member_at(changes: list[dict[str, Any]], at: int) -> bool:
    """Whether the stream had said so, up to and including the instant."""
    told = [change["type"] for change in changes if change["at"] <= instant_text(at)]
    return bool(told) and told[-1] == "segment.entered"


def entries(story: EngineDriver) -> ContactRecords:
    past = ContactRecords("default", "ann")
    for _, key, value in story.journal:
        if past.is_relevant(key):
            past.feed(value)
    return past


@settings(max_examples=300, deadline=None)
@given(conditions(START), random_events(START), st.lists(st.integers(-25, 80), min_size=1, max_size=4))
def test_any_instant_is_explained_as_the_stream_told_it(
    condition: dict[str, Any], history: list[RandomEvent], after: list[int]
) -> None:
    story = EngineDriver(segments=[{"id": "hot", "dynamic": True, "when": condition}], campaigns=[CAMPAIGN])
    changes = tell(story, history)
    changes += of_segment(story.tick(START + 200))
    past, rules = (
        entries(story).records,
        EngineParameters(lambda _, number: story.releases[number - 1], DEFAULT_ENGINE_SETTINGS),
    )
    for at in after:
        answer = explain_from_journal(QUESTION, past, START + at, rules)
        assert answer.get("member", False) == member_at(changes, START + at)
        if answer["known"]:
            told = [change for change in changes if change["at"] <= instant_text(START + at)]
            assert answer["last_changed"] == (told[-1]["at"] if told else None)
            allowed = answer["status"] == "active"
            assert answer["member"] == (allowed and answer["condition"]["holds"])


@settings(max_examples=300, deadline=None)
@given(conditions(START), random_events(START))
def test_the_next_change_foreseen_is_the_one_that_time_brings(
    condition: dict[str, Any], history: list[RandomEvent]
) -> None:
    story = EngineDriver(segments=[{"id": "hot", "dynamic": True, "when": condition}], campaigns=[CAMPAIGN])
    tell(story, history)
    row = next(story.decider.contacts(), None)
    if row is None:
        return
    standing = PartitionStatus(tick=story.decider.clock_of(row))
    answer = explain_from_state(
        QUESTION,
        row,
        standing,
        EngineParameters(lambda _, number: story.releases[number - 1], DEFAULT_ENGINE_SETTINGS),
    )
    coming = [change["at"] for change in of_segment(story.tick(START + AHEAD))]
    coming = [at for at in coming if at < instant_text(START + AHEAD)]
    foreseen = answer.get("next_change")
    if coming or (foreseen is not None and foreseen < instant_text(START + AHEAD)):
        assert foreseen == coming[0]
