"""`explain` agrees with the stream about any past instant, and foresees the next change by time."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.values import instant_text
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.explain.answer import Question, explain_from_journal, explain_from_state
from streams.explain.contact_records import ContactRecords
from streams.explain.timeline import EngineParameters
from streams.serve.answers.explain import ContactExplanation
from tests.harness.engine.engine_driver import DAY, START, EngineDriver
from tests.harness.random.random_conditions import conditions
from tests.harness.random.random_events import RandomEvent, random_events
from tests.harness.serve.answers import assert_answered_whole

QUESTION = Question("default", "ann", "hot")
CAMPAIGN = {"id": "c", "scoring": [{"id": "visit", "when": {"visit": {}}, "points": 2}]}
AHEAD = 40 * DAY


def send_history(driver: EngineDriver, events: list[RandomEvent]) -> list[dict[str, Any]]:
    """Sends the events, and returns the changes of the segment."""
    now, last = START, ""
    changes: list[dict[str, Any]] = []
    for event in events:
        now += event.elapsed
        if event.event_type == "tick":
            changes += driver.tick(now)
            continue
        repeated = {"id": last} if event.is_repeat and last else {}
        changes += driver.send(event.event_type, now - event.delay, **repeated, **event.fields)
        last = last if repeated else f"e{len(driver.journal) - 1}"
    return of_segment(changes)


def of_segment(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the entries and exits among the outputs."""
    return [output for output in outputs if output.get("type") in ("segment.entered", "segment.exited")]


def member_at(changes: list[dict[str, Any]], at: int) -> bool:
    """Whether the contact is a member by the changes up to and including the instant."""
    types = [change["type"] for change in changes if change["at"] <= instant_text(at)]
    return bool(types) and types[-1] == "segment.entered"


def contact_records(driver: EngineDriver) -> ContactRecords:
    records_so_far = ContactRecords("default", "ann")
    for _, key, value in driver.journal:
        if records_so_far.is_relevant(key):
            records_so_far.feed(value)
    return records_so_far


@settings(max_examples=300, deadline=None)
@given(conditions(START), random_events(START), st.lists(st.integers(-25, 80), min_size=1, max_size=4))
def test_any_instant_is_explained_as_the_stream_decided_it(
    condition: dict[str, Any], events: list[RandomEvent], after: list[int]
) -> None:
    driver = EngineDriver(segments=[{"id": "hot", "dynamic": True, "when": condition}], campaigns=[CAMPAIGN])
    changes = send_history(driver, events)
    changes += of_segment(driver.tick(START + 200))
    journal, parameters = (
        contact_records(driver).records,
        EngineParameters(lambda _, number: driver.releases[number - 1], DEFAULT_ENGINE_SETTINGS),
    )
    for at in after:
        answer = explain_from_journal(QUESTION, journal, START + at, parameters)
        assert_answered_whole(ContactExplanation, answer)
        assert answer.get("member", False) == member_at(changes, START + at)
        if answer["known"]:
            past_changes = [change for change in changes if change["at"] <= instant_text(START + at)]
            assert answer["last_changed"] == (past_changes[-1]["at"] if past_changes else None)
            allowed = answer["status"] == "active"
            assert answer["member"] == (allowed and answer["condition"]["holds"])


@settings(max_examples=300, deadline=None)
@given(conditions(START), random_events(START))
def test_the_next_change_of_an_answer_is_the_one_that_time_brings(
    condition: dict[str, Any], events: list[RandomEvent]
) -> None:
    driver = EngineDriver(segments=[{"id": "hot", "dynamic": True, "when": condition}], campaigns=[CAMPAIGN])
    send_history(driver, events)
    row = next(driver.decider.contacts(), None)
    if row is None:
        return
    status = PartitionStatus(tick=driver.decider.clock_of(row))
    answer = explain_from_state(
        QUESTION,
        row,
        status,
        EngineParameters(lambda _, number: driver.releases[number - 1], DEFAULT_ENGINE_SETTINGS),
    )
    changes_by_time = [change["at"] for change in of_segment(driver.tick(START + AHEAD))]
    changes_by_time = [at for at in changes_by_time if at < instant_text(START + AHEAD)]
    next_change = answer.get("next_change")
    if changes_by_time or (next_change is not None and next_change < instant_text(START + AHEAD)):
        assert next_change == changes_by_time[0]
