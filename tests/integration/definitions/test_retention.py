"""A condition that reaches behind the journal's retention is refused with the date (SPEC section 9)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.topics import JOURNAL
from schemas.values import instant_text
from streams.definitions import load_definitions
from streams.store.releases import ReleaseRepository
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.engine.daily_visits import visits
from tests.harness.engine.engine_driver import day
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.journal_truncation import truncate_journal
from tests.harness.kafka.topic_reader import end_offsets

FIRST = "segments: [{id: everybody, dynamic: true, when: {all: []}}]\n"
WEEK = FIRST[:-2] + ", {id: week, dynamic: true, when: {visit: {}, within: 7d}}]\n"
MONTH = FIRST[:-2] + ", {id: month, dynamic: true, when: {not: {visit: {}, within: 30d}}}]\n"
EVER = FIRST[:-2] + ", {id: loyal, dynamic: true, when: {visit: {}, count: {gte: 20}}}]\n"
LAST_DAY = 40
PEOPLE = ("ada", "bob", "cyd", "dan")


@pytest.fixture(scope="module")
def pipeline(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Forty days of visits, of which the journal has lost the first twenty."""
    folder = tmp_path_factory.mktemp("retention")
    with Pipeline(kafka, fresh_prefix(), folder, clock="events", partitions=1) as pipeline:
        pipeline.start_worker()
        pipeline.apply(FIRST, "--wait")
        pipeline.publish(visits(0, 20, *PEOPLE), "--ordered", "--until", instant_text(day(20) - 1))
        lost = asyncio.run(end_offsets(kafka, pipeline.settings.prefix + JOURNAL.name))[0]
        pipeline.publish(visits(20, LAST_DAY, *PEOPLE), "--ordered", "--until", instant_text(day(LAST_DAY)))
        pipeline.wait_until_settled()
        truncate_journal(pipeline.settings, lost)
        yield pipeline


def refused(pipeline: Pipeline, command: str, definitions: str) -> str:
    """The one line that the command ends with."""
    path = pipeline.folder / "asking.yaml"
    path.write_text(definitions)
    done = leadstream("definitions", command, str(path), env=pipeline.environment)
    assert done.returncode == 78, done.stdout
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_what_reaches_behind_the_journal_is_refused_with_the_date(pipeline: Pipeline, command: str) -> None:
    line = refused(pipeline, command, MONTH)
    assert 'segment month: {"visit":{},"within":"30d"} reaches back to 2026-01-11T00:00:00' in line
    assert f"but the journal speaks from {instant_text(day(20))} on" in line
    assert "segment loyal:" in (line := refused(pipeline, command, EVER))
    assert "reaches over all the past" in line


def test_a_window_inside_of_what_is_left_is_counted_as_ever(pipeline: Pipeline) -> None:
    pipeline.apply(WEEK, "--wait")
    pipeline.wait_until_settled()
    members = [key for key in pipeline.read_table("segment-members") if "/week/" in key]
    assert len(members) == 4


def test_what_the_rows_keep_already_needs_no_journal(pipeline: Pipeline) -> None:
    """A copy of a segment, and a release without it, ask nothing of the journal."""
    pipeline.apply(WEEK, "--wait")
    copied = WEEK[:-2] + ", {id: copy, dynamic: true, when: {visit: {}, within: 7d}}]\n"
    pipeline.apply(copied, "--wait")
    pipeline.apply(WEEK, "--wait")


def test_a_release_that_came_otherwise_is_counted_from_what_is_left_with_a_warning(pipeline: Pipeline) -> None:
    """By hand into `definitions`, as another program may write it."""
    path = pipeline.folder / "loyal.yaml"
    path.write_text(EVER)
    account = load_definitions([path]).require()["default"]
    releases = ReleaseRepository(pipeline.settings, "events")

    async def write() -> int:
        latest = await releases.latest("default")
        assert latest is not None
        await releases.write_release("default", account.document, latest.number)
        return latest.number + 1

    number = asyncio.run(write())
    wait_until(lambda: len(loyal(pipeline)) == 4, LIMIT_SECONDS, "the release never decided")
    (warning,) = [line for line in log_lines(pipeline) if "retention took away" in line]
    assert f'"release": {number}' in warning


def loyal(pipeline: Pipeline) -> list[str]:
    """The last twenty days of visits make a member."""
    return [key for key in pipeline.read_table("segment-members") if "/loyal/" in key]


def log_lines(pipeline: Pipeline) -> list[str]:
    return Path(pipeline.folder / "w0.log").read_text().splitlines()
