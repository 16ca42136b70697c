"""Releases on a real broker: planned, applied, void when another came first, and awaited in the journal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from schemas.engine_versions import NEWEST_VERSION
from schemas.topics import JOURNAL
from schemas.values import instant_ms
from streams.cli.main import build_app
from streams.definitions import AccountDefinitions, load_definitions
from streams.definitions.apply import ReleaseApplier
from streams.engine.journal import records
from streams.engine.releases.release_log import Release, VoidRelease
from streams.errors import DataError, TopicsMissing, Unavailable
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from streams.store.releases import ReleaseRepository
from tests.harness.cli import leadstream

FIRST = "segments: [{id: german, dynamic: true, when: {property: country, eq: DE}}]\n"
SECOND = FIRST + "campaigns: [{id: spring, audience: [german]}]\n"
NOON = "2026-03-01T12:00:00Z"

_WriteRecord = Callable[[int, bytes, records.JournalRecord], Awaitable[None]]


@pytest.fixture
async def settings(kafka: str, prefix: str) -> Settings:
    new_settings = Settings(bootstrap=kafka, prefix=prefix, clock="events", partitions=3, in_partitions=1)
    await create_topics(new_settings)
    return new_settings


def write_definitions(folder: Path, text: str) -> str:
    path = folder / "d.yaml"
    path.write_text(text)
    return str(path)


def account(folder: Path, text: str) -> AccountDefinitions:
    return load_definitions([Path(write_definitions(folder, text))]).require()["default"]


async def run(settings: Settings, command: str, *arguments: str) -> Any:
    """Returns the JSON output of the command, run in this process because a new one takes seconds."""
    options = ["--bootstrap", settings.bootstrap, "--prefix", settings.prefix, "--json"]
    result = await asyncio.to_thread(CliRunner().invoke, build_app(), ["definitions", command, *arguments, *options])
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


async def test_definitions_are_planned_applied_listed_and_shown(settings: Settings, tmp_path: Path) -> None:
    path = write_definitions(tmp_path, FIRST)
    (plan,) = await run(settings, "plan", path)
    assert (plan["based_on"], plan["segments"]["added"]) == (0, ["german"])
    assert await run(settings, "apply", path, "--at", NOON) == [{"account": "default", "number": 1, "applied": True}]
    assert await run(settings, "apply", path) == [{"account": "default", "number": 1, "applied": False}]

    path = write_definitions(tmp_path, SECOND)
    (plan,) = await run(settings, "plan", path)
    assert (plan["based_on"], plan["campaigns"]["added"], plan["segments"]["added"]) == (1, ["spring"], [])
    assert await run(settings, "apply", path) == [{"account": "default", "number": 2, "applied": True}]

    listed = await run(settings, "list")
    assert [(each["number"], each["at"], each["engine_version"]) for each in listed["releases"]] == [
        (1, "2026-03-01T12:00:00.000Z", NEWEST_VERSION),
        (2, None, NEWEST_VERSION),
    ]
    assert listed["void"] == []
    history = await run(settings, "history")
    assert [(each["changes"], each["decides_in"]) for each in history["releases"]] == [
        (["+ segment german"], 0),
        (["+ campaign spring"], 0),
    ]
    release = await run(settings, "show", "default", "--number", "1")
    assert "campaigns" not in release["definitions"]
    assert [campaign["id"] for campaign in (await run(settings, "show"))["definitions"]["campaigns"]] == ["spring"]

    for base in ("1", "99"):
        result = leadstream(
            "definitions", "apply", write_definitions(tmp_path, FIRST), "--based-on", base,
            "--bootstrap", settings.bootstrap, "--prefix", settings.prefix,
        )  # fmt: skip
        assert (result.returncode, result.stdout) == (78, "")
        assert (
            f"based on release {base}, but release 2 is the latest; nothing was written, plan again" in result.stderr
        )
    assert (await run(settings, "list"))["void"] == []
    applied = await run(settings, "apply", write_definitions(tmp_path, FIRST), "--based-on", "2")
    assert applied == [{"account": "default", "number": 3, "applied": True}]


async def test_an_account_of_the_oldest_engine_version_keeps_it_and_its_files_are_judged_by_it(
    settings: Settings, tmp_path: Path
) -> None:
    await run(settings, "apply", write_definitions(tmp_path, "engine_version: 3\n" + FIRST))
    rule = "{id: r, when: {all: []}, then: {add_to_segment: vip, remove_from_segment: vip}}"
    opposed = f"segments: [{{id: vip}}]\ncampaigns: [{{id: spring, automation: [{rule}]}}]\n"
    path = write_definitions(tmp_path, opposed)  # newer versions refuse it
    (plan,) = await run(settings, "plan", path)
    assert plan["settings"] == []
    assert await run(settings, "apply", path) == [{"account": "default", "number": 2, "applied": True}]
    releases = (await ReleaseRepository(settings, "events").read_log()).releases_of("default")
    assert [("engine_version" in each.document, each.definitions.engine_version) for each in releases] == [
        (False, 3),
        (False, 3),
    ]


async def test_of_two_releases_on_one_base_every_reader_accepts_the_first(settings: Settings, tmp_path: Path) -> None:
    one, other = ReleaseRepository(settings, "events"), ReleaseRepository(settings, "events")
    document = account(tmp_path, FIRST).document
    releases = await asyncio.gather(
        one.write_release("default", document, 0), other.write_release("default", document, 0)
    )
    assert sorted(type(each).__name__ for each in releases) == ["Release", "VoidRelease"]
    (valid,) = [each for each in releases if isinstance(each, Release)]
    (void,) = [each for each in releases if isinstance(each, VoidRelease)]
    assert valid.offset < void.offset
    latest = await ReleaseRepository(settings, "events").latest("default")
    assert latest == valid


async def test_a_release_may_have_ten_thousand_segments(settings: Settings) -> None:
    segments = [
        {"id": f"s{number}", "dynamic": True, "when": {"all": [{"property": f"p{number}", "eq": f"v{number}"}] * 3}}
        for number in range(10_000)
    ]
    releases = ReleaseRepository(settings, "events")
    release = await releases.write_release("default", {"account": "default", "segments": segments}, 0)
    assert isinstance(release, Release)
    assert len(release.definitions.segments) == 10_000
    assert await ReleaseRepository(settings, "events").latest("default") == release


@asynccontextmanager
async def journal_of(settings: Settings) -> AsyncIterator[_WriteRecord]:
    """Yields a function that writes records into journal partitions as a worker's slots do."""
    producer: Any = AIOKafkaProducer(bootstrap_servers=settings.bootstrap)
    await producer.start()

    async def write(partition: int, key: bytes, record: records.JournalRecord) -> None:
        await producer.send_and_wait(settings.prefix + JOURNAL.name, records.encode(record), key, partition)

    try:
        yield write
    finally:
        await producer.stop()


async def test_apply_waits_until_every_journal_partition_holds_the_marker(settings: Settings, tmp_path: Path) -> None:
    progress_reports: list[tuple[str, int, int]] = []
    applier = ReleaseApplier(settings, ReleaseRepository(settings, "events"), patience=120)
    definitions = account(tmp_path, FIRST)
    waiting = asyncio.create_task(
        applier.apply(definitions, 0, instant_ms(NOON), lambda *progress: progress_reports.append(progress))
    )
    release = await _released(settings)
    marker = release.to_marker()
    async with journal_of(settings) as write:
        await write(0, records.PROPOSAL_KEY, records.proposal_from_marker(marker))
        await write(0, records.SLICE_KEY, records.Slice("default", 1, {"ada": records.BackfilledState(0, {}, {})}))
        for partition in range(settings.partitions):
            assert not waiting.done()
            await write(partition, records.MARKER_KEY, marker)
    applied = await asyncio.wait_for(waiting, 150)
    assert applied.release == release
    assert applied.rollout is not None
    assert applied.rollout.result_text() == "release 1 decides in 3 of 3 partitions, the past of 1 contact told"
    assert progress_reports[0] == ("release 1: counting in 0 of 3, deciding in", 0, 3)


async def test_a_newer_release_ends_the_wait_and_is_reported(settings: Settings, tmp_path: Path) -> None:
    path = write_definitions(tmp_path, FIRST)
    waiting = asyncio.create_task(run(settings, "apply", path, "--wait", "--patience", "120"))
    marker = (await _released(settings)).to_marker()
    async with journal_of(settings) as write:
        await write(0, records.PROPOSAL_KEY, records.proposal_from_marker(marker))
        newer = await ReleaseRepository(settings, "events").write_release(
            "default", account(tmp_path, SECOND).document, 1
        )
        assert isinstance(newer, Release)
        await write(0, records.MARKER_KEY, newer.to_marker())
    (outcome,) = await asyncio.wait_for(waiting, 150)
    assert (outcome["number"], outcome["decides_in"], outcome["superseded_by"]) == (1, 0, 2)


async def test_partitions_that_count_too_long_without_progress_are_reported(
    settings: Settings, tmp_path: Path
) -> None:
    applier = ReleaseApplier(
        settings, ReleaseRepository(settings, "events"), patience=6
    )  # far longer than the proposal takes
    async with journal_of(settings) as write:
        waiting = asyncio.create_task(applier.apply(account(tmp_path, FIRST), 0, None, lambda *_: None))
        marker = (await _released(settings)).to_marker()
        await write(0, records.PROPOSAL_KEY, records.proposal_from_marker(marker))
    with pytest.raises(Unavailable) as error:
        await waiting
    assert "1 of 3 journal partitions are counting its past and told nothing for 6 s" in str(error.value)
    assert "2 of 3 journal partitions did not take it" in str(error.value)


async def _released(settings: Settings) -> Release:
    async with asyncio.timeout(120):
        while True:
            release = await ReleaseRepository(settings, "events").latest("default")
            if release is not None:
                return release


async def test_without_a_worker_the_wait_ends_and_says_what_to_do(settings: Settings, tmp_path: Path) -> None:
    applier = ReleaseApplier(settings, ReleaseRepository(settings, "events"), patience=0.5)
    with pytest.raises(Unavailable, match=r"3 of 3 journal partitions .* `leadstream worker` starts one"):
        await applier.apply(account(tmp_path, FIRST), 0, None, lambda *_: None)


async def test_without_topics_one_line_says_what_to_do(kafka: str, prefix: str, tmp_path: Path) -> None:
    with pytest.raises(TopicsMissing, match="topics create"):
        await ReleaseRepository(Settings(bootstrap=kafka, prefix=prefix), "wall").latest("default")
    result = leadstream(
        "definitions", "plan", write_definitions(tmp_path, FIRST), "--bootstrap", kafka, "--prefix", prefix
    )
    assert result.returncode == 78
    assert "topics create" in result.stderr
    assert len(result.stderr.splitlines()) == 1


async def test_people_see_releases_as_lines_and_definitions_as_yaml(settings: Settings, tmp_path: Path) -> None:
    releases = ReleaseRepository(settings, "events")
    options = ["--bootstrap", settings.bootstrap, "--prefix", settings.prefix]
    for command in ("show", "history"):
        none = await asyncio.to_thread(CliRunner().invoke, build_app(), ["definitions", command, *options])
        assert isinstance(none.exception, DataError)

    await releases.write_release("default", account(tmp_path, FIRST).document, 0, instant_ms(NOON))
    await releases.write_release("default", account(tmp_path, FIRST).document, 0)
    listed = await asyncio.to_thread(CliRunner().invoke, build_app(), ["definitions", "list", *options])
    first, void = listed.stdout.splitlines()
    shown = f"2026-03-01T12:00:00.000Z  engine version {NEWEST_VERSION}  1 segment, 0 campaigns  "
    assert first.startswith(f"default  release 1  {shown}")
    assert void == "default  void at offset 1: based on release 0, but 1 is the latest"

    history = await asyncio.to_thread(CliRunner().invoke, build_app(), ["definitions", "history", *options])
    assert history.stdout.splitlines()[1:] == [
        "  + segment german",
        "  has come to none of 3 partitions yet",
        "void at offset 1: based on release 0, but 1 is the latest",
    ]

    yaml = await asyncio.to_thread(CliRunner().invoke, build_app(), ["definitions", "show", *options])
    copy = tmp_path / "shown.yaml"
    copy.write_text(yaml.stdout)
    loaded = load_definitions([copy]).require()["default"].document
    assert loaded == {**account(tmp_path, FIRST).document, "engine_version": NEWEST_VERSION}
