"""A new engine goes on where a former one stopped, and an account is raised to its version by a release."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from connectors.kafka.broker import LocalBroker
from schemas.engine_versions import NEWEST_VERSION
from schemas.topics import CONTACTS_CHANGELOG, JOURNAL
from schemas.values import instant_text
from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import PartitionDecider
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact
from streams.kafka.deployment import DeploymentRecord, read_deployment
from streams.kafka.topic_plan import plan_topics
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.checkpoint import decode as decode_checkpoint
from streams.settings import Settings
from streams.store.store import open_store
from tests.harness.deployment.pipeline import Pipeline
from tests.programs.recorded_deployment import archive, story
from tests.programs.recorded_deployment.__main__ import open_recorded

RECORDING = Path(__file__).parents[2] / "fixtures" / "deployments" / "version-3.tar.xz"
EVENTS = ("segment-changes", "lead-changes", "qualified-leads")
TABLES = ("segment-members", "leads")
_UNBOUNDED = Budget(1 << 40, 1 << 40)
_DUE = list(Contact.__struct_fields__).index("due")

OutputsByKey = dict[tuple[str, str], list[Any]]
"""Topic and key -> values in order, without the time of writing."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The recorded deployment on a broker of its own, without a worker. The tests are a story, in their order."""
    folder = tmp_path_factory.mktemp("upgrade")
    archive.unpack(RECORDING, folder / "kafka")
    with LocalBroker(folder / "kafka") as broker:
        pipeline = open_recorded(broker.bootstrap, folder)
        asyncio.run(_keep_records(pipeline.settings))
        with pipeline:
            yield pipeline


async def _keep_records(settings: Settings) -> None:
    """Prevents that retention deletes what was recorded long ago."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        configs = {
            plan.name: {**plan.config, "retention.ms": "-1"}
            for plan in plan_topics(settings)
            if plan.name in existing and "retention.ms" in plan.config
        }
        resources = [ConfigResource(ConfigResourceType.TOPIC, name, config) for name, config in configs.items()]
        await admin.alter_configs(resources)
    finally:
        await admin.close()


def outputs_of(pipeline: Pipeline) -> OutputsByKey:
    """What stands in the out-topics."""
    outputs: OutputsByKey = defaultdict(list)
    for topic in (*EVENTS, *TABLES):
        for partition in pipeline.read_records(topic).values():
            for record in partition:
                outputs[topic, record.key.decode()].append(_without_time(record.value))
    return outputs


def replayed_outputs(pipeline: Pipeline) -> OutputsByKey:
    """What the new engine's replay of the journal gives, of the same topics."""
    outputs: OutputsByKey = defaultdict(list)
    for line in pipeline.run_command("replay", "--journal", "--records").stdout.splitlines():
        row = msgspec.json.decode(line)
        if row["topic"] in (*EVENTS, *TABLES):
            outputs[row["topic"], row["key"]].append(row["value"])
    return outputs


def _without_time(value: bytes | None) -> Any:
    return None if value is None else {k: v for k, v in msgspec.json.decode(value).items() if k != "emitted_at"}


def members(pipeline: Pipeline) -> set[tuple[str, str, str]]:
    """Account, segment and contact of each membership."""
    rows = pipeline.read_table("segment-members").values()
    return {(row["account"], row["segment"], row["contact"]) for row in rows}


def latest_rows(records: list[Any]) -> tuple[dict[bytes, bytes], SlotCheckpoint]:
    """The latest rows of a changelog partition, and its checkpoint."""
    rows: dict[bytes, bytes] = {}
    checkpoint = SlotCheckpoint()
    for record in records:
        if record.key == CHECKPOINT_KEY:
            checkpoint = decode_checkpoint(record.value)
        else:
            rows[record.key] = record.value
    return rows, checkpoint


async def _read_releases(pipeline: Pipeline) -> ReleaseLog:
    async with open_store(pipeline.settings) as store:
        return await store.read_releases()


def test_the_new_engine_makes_the_same_rows_of_the_recorded_journal(recorded: Pipeline) -> None:
    """So the former engine can go on from them: an upgrade can be taken back until a release raises the version.

    But for when a contact is due: each engine may look too early, by its own reckoning, and none too late.
    """
    releases = asyncio.run(_read_releases(recorded))
    journal, changelog = recorded.read_records(JOURNAL.name), recorded.read_records(CONTACTS_CHANGELOG.name)
    for number in range(story.PARTITIONS):
        rows, checkpoint = latest_rows(changelog[number])
        decider = PartitionDecider(number, releases.definitions, DEFAULT_ENGINE_SETTINGS)
        decider.resume(None)
        made: dict[bytes, bytes | None] = {}
        for record in journal[number]:
            decider.feed(record.offset, record.key, record.value)
            while decider.has_pending():
                made |= decider.work(_UNBOUNDED).rows
        assert len(rows) > 10
        assert _without_dues(made) == _without_dues(rows)
        assert decider.checkpoint() == checkpoint.checkpoint


def _without_dues(rows: Mapping[bytes, bytes | None]) -> dict[bytes, bytes]:
    rows_without_dues: dict[bytes, bytes] = {}
    for key, value in rows.items():
        assert value is not None
        fields = msgspec.json.decode(value)
        fields[_DUE] = None
        rows_without_dues[key] = msgspec.json.encode(fields)
    return rows_without_dues


def test_the_new_engine_replays_what_the_former_one_emitted(recorded: Pipeline) -> None:
    assert replayed_outputs(recorded) == outputs_of(recorded)
    assert {topic for topic, _ in outputs_of(recorded)} == {*EVENTS, *TABLES}


def test_a_worker_goes_on_by_the_former_version(recorded: Pipeline) -> None:
    before = outputs_of(recorded)
    assert _recorded_decisions(recorded) == {}  # the former engine recorded clock and slots only
    recorded.start_worker()
    chance, now = random.Random(4), story.START + 60 * story.DAY
    more = [story.event(chance, f"more-{number}", now + number * story.HOUR) for number in range(120)]
    recorded.publish(more, "--ordered")
    recorded.wait_until_settled()
    after = outputs_of(recorded)
    assert all(after[key][: len(values)] == values for key, values in before.items())
    assert len(after) > 20
    assert replayed_outputs(recorded) == after
    assert json.loads(recorded.run_command("verify", "--json").stdout)["equal"]
    assert _recorded_decisions(recorded) == DeploymentRecord.from_settings(recorded.settings).decisions


def _recorded_decisions(pipeline: Pipeline) -> dict[str, Any]:
    record = asyncio.run(read_deployment(pipeline.settings))
    assert record is not None
    return record.decisions


def test_an_upgrade_emits_what_its_plan_says_and_nothing_else(recorded: Pipeline) -> None:
    planned = json.loads(recorded.run_command("definitions", "upgrade", "--plan", "--json").stdout)
    before, outputs = members(recorded), outputs_of(recorded)
    applied = json.loads(recorded.run_command("definitions", "upgrade", "--wait", "--json").stdout)
    recorded.wait_until_settled()
    after, numbers = members(recorded), {each["account"]: each["number"] for each in applied}
    assert set(numbers) == {"default", "acme"}
    entered = {
        (plan["account"], name): row["enter"]["count"] for plan in planned for name, row in _planned(plan).items()
    }
    left = {
        (plan["account"], name): row["leave"]["count"] for plan in planned for name, row in _planned(plan).items()
    }
    assert Counter((account, segment) for account, segment, _ in after - before) == +Counter(entered)
    assert Counter((account, segment) for account, segment, _ in before - after) == +Counter(left)
    assert {segment for _, segment, _ in after ^ before} >= {"five", "cafe", "buyers", "titled"}
    for (topic, key), values in outputs_of(recorded).items():
        for value in values[len(outputs.get((topic, key), ())) :]:
            if topic == "segment-changes":
                assert value["cause"]["kind"] == "definition"
                assert value["cause"]["release"] == numbers[value["account"]]
    assert replayed_outputs(recorded) == outputs_of(recorded)
    assert json.loads(recorded.run_command("verify", "--json").stdout)["equal"]
    assert json.loads(recorded.run_command("definitions", "upgrade", "--json").stdout) == []


def _planned(plan: dict[str, Any]) -> dict[str, Any]:
    rows: dict[str, Any] = plan["preview"]["segments"]
    return rows


def test_afterwards_memberships_equal_those_of_a_fresh_start(recorded: Pipeline, tmp_path: Path) -> None:
    """Of segments on what contacts did and are; leads and lists keep what happened to them by the former version."""
    lines = [_by_newest_version(line) for line in story.lines()]
    chance, now = random.Random(4), story.START + 60 * story.DAY
    lines += [story.event(chance, f"more-{number}", now + number * story.HOUR) for number in range(120)]
    path = tmp_path / "fresh.jsonl"
    path.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))
    rows = [json.loads(line) for line in recorded.run_command("replay", "--state", str(path)).stdout.splitlines()]
    fresh = {(row["account"], row["segment"], row["contact"]) for row in rows if row["type"] == "segment.member"}
    assert {each for each in members(recorded) if each[1] != "list"} == {each for each in fresh if each[1] != "list"}


def _by_newest_version(line: dict[str, Any]) -> dict[str, Any]:
    if line["type"] != "definitions.applied":
        return line
    return {**line, "definitions": {**line["definitions"], "engine_version": NEWEST_VERSION}}


def test_an_answer_about_the_past_is_that_of_the_release_that_decided_it(recorded: Pipeline) -> None:
    contact = next(
        name
        for account, segment, name in sorted(members(recorded))
        if (account, segment) == ("default", "cafe") and "\u0301" in str(_city(recorded, name))
    )
    now = json.loads(recorded.run_command("explain", contact, "cafe", "--json").stdout)
    at = instant_text(story.START + 61 * story.DAY)
    then = json.loads(recorded.run_command("explain", contact, "cafe", "--at", at, "--json").stdout)
    assert (now["member"], then["member"]) == (True, False)


def _city(pipeline: Pipeline, contact: str) -> Any:
    return pipeline.read_table("contacts")[f"default/{contact}"]["properties"].get("city")
