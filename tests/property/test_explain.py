"""What `explain` says of any instant is what the stream said then, and what it foresees is what comes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.values import instant_text
from streams.engine.partition.broadcast import Standing
from streams.explain.answer import Question, from_journal, from_state
from streams.explain.contact_records import Past
from streams.explain.timeline import Rules
from tests.harness.engine.engine_driver import DAY, START, Story
from tests.harness.random.random_conditions import conditions
from tests.harness.random.random_events import Move, moves

QUESTION = Question("default", "ann", "hot")
CAMPAIGN = {"id": "c", "scoring": [{"id": "visit", "when": {"visit": {}}, "points": 2}]}
AHEAD = 40 * DAY


def tell(story: Story, history: list[Move]) -> list[dict[str, Any]]:
    """Tells the moves, and returns the changes of the segment."""
    now, last = START, ""
    changes: list[dict[str, Any]] = []
    for move in history:
        now += move.passed
        if move.kind == "tick":
            changes += story.tick(now)
            continue
        again = {"id": last} if move.again and last else {}
        changes += story.tell(move.kind, now - move.late, **again, **move.fields)
        last = last if again else f"e{len(story.journal) - 1}"
    return of_segment(changes)


def of_segment(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries and exits among the outputs."""
    return [output for output in outputs if output.get("type") in ("segment.entered", "segment.exited")]


def member_at(changes: list[dict[str, Any]], at: int) -> bool:
    """Whether the stream had said so, up to and including the instant."""
    told = [change["type"] for change in changes if change["at"] <= instant_text(at)]
    return bool(told) and told[-1] == "segment.entered"


def entries(story: Story) -> Past:
    past = Past("default", "ann")
    for _, key, value in story.journal:
        if past.wants(key):
            past.take(value)
    return past


@settings(max_examples=300, deadline=None)
@given(conditions(START), moves(START), st.lists(st.integers(-25, 80), min_size=1, max_size=4))
def test_any_instant_is_explained_as_the_stream_told_it(
    condition: dict[str, Any], history: list[Move], after: list[int]
) -> None:
    story = Story(segments=[{"id": "hot", "dynamic": True, "when": condition}], campaigns=[CAMPAIGN])
    changes = tell(story, history)
    changes += of_segment(story.tick(START + 200))
    past, rules = entries(story).entries, Rules(lambda _, number: story.releases[number - 1])
    for at in after:
        answer = from_journal(QUESTION, past, START + at, rules)
        assert answer.get("member", False) == member_at(changes, START + at)
        if answer["known"]:
            told = [change for change in changes if change["at"] <= instant_text(START + at)]
            assert answer["last_changed"] == (told[-1]["at"] if told else None)
            allowed = answer["status"] == "active"
            assert answer["member"] == (allowed and answer["condition"]["holds"])


@settings(max_examples=300, deadline=None)
@given(conditions(START), moves(START))
def test_the_next_change_foreseen_is_the_one_that_time_brings(condition: dict[str, Any], history: list[Move]) -> None:
    story = Story(segments=[{"id": "hot", "dynamic": True, "when": condition}], campaigns=[CAMPAIGN])
    tell(story, history)
    row = next(story.decider.contacts(), None)
    if row is None:
        return
    standing = Standing(tick=story.decider.clock_of(row))
    answer = from_state(QUESTION, row, standing, Rules(lambda _, number: story.releases[number - 1]))
    coming = [change["at"] for change in of_segment(story.tick(START + AHEAD))]
    coming = [at for at in coming if at < instant_text(START + AHEAD)]
    foreseen = answer.get("next_change")
    if coming or (foreseen is not None and foreseen < instant_text(START + AHEAD)):
        assert foreseen == coming[0]
