"""Search, verify and explain where the journal has lost its beginning: refused with the date, or said first."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.topics import JOURNAL
from schemas.values import instant_text
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.engine.daily_visits import visits
from tests.harness.engine.engine_driver import day
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.journal_truncation import truncate_journal
from tests.harness.kafka.topic_reader import end_offsets

DEFINITIONS = """
segments:
  - {id: loyal, dynamic: true, when: {visit: {}, count: {gte: 6}}}
  - {id: vip}
"""
LOST = 20
"""The day before which everything is gone."""

SPEAKS = f"the journal speaks from {instant_text(day(LOST))} on"
MONTH = "{visit: {}, count: {gte: 6}, within: 30d}"


@pytest.fixture(scope="module")
def place(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """ada and bob visit for forty days, eve from day 30 on; the journal has lost the first twenty days."""
    folder = tmp_path_factory.mktemp("beginning-gone")
    with Pipeline(kafka, fresh_prefix(), folder, clock="events", partitions=1) as pipeline:
        pipeline.start_worker()
        pipeline.apply(DEFINITIONS, "--wait")
        pipeline.publish(visits(0, LOST, "ada", "bob"), "--ordered", "--until", instant_text(day(LOST) - 1))
        lost = asyncio.run(end_offsets(kafka, pipeline.settings.prefix + JOURNAL.name))[0]
        told = [*visits(LOST, 30, "ada", "bob"), {"type": "clock.advanced", "at": instant_text(day(29, 1))}]
        told += visits(30, 40, "ada", "bob", "eve")
        pipeline.publish(told, "--ordered", "--until", instant_text(day(40)))
        pipeline.wait_until_settled()
        pipeline.run_command("verify")
        truncate_journal(pipeline.settings, lost)
        yield pipeline


def refusal(place: Pipeline, *arguments: str) -> str:
    """The one line of a command that the lost beginning ends."""
    done = leadstream(*arguments, env=place.environment)
    assert done.returncode == 78, f"{done.stdout}\n{done.stderr}"
    assert done.stdout == ""
    return done.stderr.splitlines()[-1]


def asked(place: Pipeline, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(place.run_command(*arguments, "--json").stdout)
    return answer


@pytest.mark.parametrize(
    "command",
    [
        ("search", MONTH, "--count"),
        ("search", MONTH, "--freeze", "vip"),
        ("segments", "add", "vip", "--search", MONTH),
    ],
)
def test_a_search_behind_the_beginning_is_refused_with_the_date(place: Pipeline, command: tuple[str, ...]) -> None:
    line = refusal(place, *command)
    assert 'the condition: {"visit":{},"count":{"gte":6},"within":"30d"} reaches back to 2026-01-1' in line
    assert SPEAKS in line


def test_a_search_inside_of_what_is_left_is_answered(place: Pipeline) -> None:
    assert asked(place, "search", "{visit: {}, count: {gte: 6}, within: 7d}", "--count")["count"] == 3


def test_what_the_rows_say_needs_no_journal(place: Pipeline) -> None:
    found = asked(place, "search", "{all: [{segment: loyal}, {first_visit: {before: 2026-01-10}}]}", "--count")
    assert (found["count"], found["journal_scanned"]) == (2, False)


def test_verify_refuses_to_compare_with_what_is_gone(place: Pipeline) -> None:
    for options in ((), ("--json",), ("--account", "default", "--sample", "1")):
        line = refusal(place, "verify", *options)
        assert SPEAKS in line
        assert "verify needs a journal that is kept for ever" in line


def test_explain_tells_the_present_and_says_first_that_older_events_are_gone(place: Pipeline) -> None:
    assert asked(place, "explain", "ada", "loyal")["since"] == instant_text(day(5))
    first, verdict, *_ = place.run_command("explain", "ada", "loyal", "--journal").stdout.splitlines()
    assert first.startswith(f"{SPEAKS}: older events, last changes and the history are gone")
    assert f"is in segment loyal since {instant_text(day(5))}" in verdict
    leaf = asked(place, "explain", "ada", "loyal", "--journal")["condition"]
    assert leaf["events"][-1]["id"] == "39-ada"


def test_explain_refuses_a_past_that_cannot_be_rebuilt(place: Pipeline) -> None:
    for at in (day(3), day(25)):
        assert SPEAKS in refusal(place, "explain", "ada", "loyal", "--at", instant_text(at))


def test_explain_tells_the_past_of_whom_the_journal_holds_whole(place: Pipeline) -> None:
    answers = [asked(place, "explain", "eve", "loyal", "--at", instant_text(day(number))) for number in (34, 35)]
    assert [(each["member"], each["release"]) for each in answers] == [(False, 1), (True, 1)]
    assert answers[1]["history"][-1]["at"] == instant_text(day(35))
