"""`leadstream verify` beside a real worker is equal unless another producer writes to the tables."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from schemas.values import instant_text
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.engine.engine_driver import DAY, HOUR, START
from tests.harness.kafka.broker import fresh_prefix

DEFINITIONS = """
properties: {employees: number}
segments:
  - {id: busy, dynamic: true, when: {visit: {}, count: {gte: 2}, within: 2d}}
  - {id: big, dynamic: true, when: {property: employees, gte: 50, held_for: 1d}}
  - {id: target, dynamic: true, when: {all: [{segment: big}, {not: {inactive_for: 3d}}]}}
  - {id: buyers, dynamic: true, when: {sequence: [{visit: {}}, {visit: {}}], gap: 6h, within: 4d}}
  - {id: vip}
campaigns:
  - id: spring
    audience: [busy, target]
    half_life: 5d
    scoring: [{id: visit, when: {visit: {}}, points: 10, at_most: {times: 4, per: 1d}}]
    automation: [{id: hot, when: {points: {gte: 30}}, then: {set_status: qualified, add_to_segment: vip}}]
"""
CHANGED = {
    "properties": {"employees": "number"},
    "segments": [
        {"id": "busy", "dynamic": True, "paused": True, "when": {"visit": {}, "count": {"gte": 2}, "within": "2d"}},
        {"id": "big"},
        {"id": "asleep", "dynamic": True, "when": {"inactive_for": "2d"}},
        {"id": "hot", "dynamic": True, "when": {"lead": {"campaign": "spring", "status": {"eq": "qualified"}}}},
        {"id": "vip"},
    ],
    "campaigns": [{"id": "spring", "audience": ["busy", "vip"]}],
}


def random_lines(chance: random.Random, length: int) -> list[dict[str, Any]]:
    """Returns lines for several topics: late events, repeats, statuses, a clock line, a change of definitions."""
    lines: list[dict[str, Any]] = []
    now = START
    for number in range(length):
        now += chance.choice((0, HOUR, 3 * HOUR))
        at = instant_text(now - chance.choice((0, 0, 0, 2 * HOUR)))
        contact = f"contact-{chance.randrange(20)}"
        line = {"id": f"e{chance.choice((number, max(number - 3, 0)))}", "at": at, "contact": contact}
        lines.append(line | random_fields(chance))
    applied = {"type": "definitions.applied", "at": instant_text(now - 6 * DAY), "definitions": CHANGED}
    lines.insert(2 * length // 3, applied)
    return [*lines, {"type": "clock.advanced", "at": instant_text(now + 2 * DAY)}]


def random_fields(chance: random.Random) -> dict[str, Any]:
    return chance.choice(
        (
            {"type": "contact.changed", "properties": {"employees": chance.choice((5, 80, "many"))}},
            {"type": "contact.changed", "status": chance.choice(("active", "bounced"))},
            {"type": "segment.member_added", "segment": chance.choice(("vip", "big"))},
            {"type": "lead.reactivated", "campaign": "spring"},
            *[{"type": "web.visited", "url": "https://www.example.com/"}] * 4,
        )
    )


@pytest.fixture(scope="module")
def settled(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Yields a deployment whose worker has decided everything."""
    with Pipeline(kafka, fresh_prefix(), tmp_path_factory.mktemp("verify"), clock="events", partitions=3) as pipeline:
        pipeline.start_worker()
        pipeline.apply(DEFINITIONS, "--wait")
        pipeline.publish(random_lines(random.Random(7), 250), "--ordered")
        pipeline.wait_until_settled()
        yield pipeline


async def write(pipeline: Pipeline, topic: str, key: str, value: dict[str, Any] | None, partition: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.settings.bootstrap)
    await producer.start()
    try:
        encoded = None if value is None else json.dumps(value).encode()
        full = pipeline.settings.prefix + topic
        await producer.send_and_wait(full, encoded, key=key.encode(), partition=partition)
    finally:
        await producer.stop()


def run_verify(pipeline: Pipeline, *options: str) -> tuple[int, dict[str, Any]]:
    result = leadstream("verify", "--json", *options, env=pipeline.environment)
    assert result.stdout, result.stderr
    return result.returncode, json.loads(result.stdout)


def test_streaming_equals_batch(settled: Pipeline) -> None:
    result = settled.run_command("verify")
    report = run_verify(settled)[1]
    compared = f"20 contacts, {report['memberships']} memberships, {report['leads']} leads"
    assert result.stdout == f"streaming equals batch: {compared}\n"
    assert "scanning the whole journal" in result.stderr
    assert report["memberships"] == len(settled.read_table("segment-members")) > 20
    assert report["leads"] == len(settled.read_table("leads")) > 5
    assert report["contact_rows"] == len(settled.read_table("contacts")) == 20
    assert report["equal"]
    assert report["contacts_passed_over"] == 0


def test_a_sample_has_the_requested_size_and_an_account_has_its_own(settled: Pipeline) -> None:
    assert run_verify(settled, "--sample", "5")[1]["contacts"] == 5
    assert run_verify(settled, "--account", "default")[1]["contacts"] == 20
    unknown = leadstream("verify", "--account", "nobody", env=settled.environment)
    assert (unknown.returncode, unknown.stdout) == (64, "")
    assert "account 'nobody' has no definitions" in unknown.stderr


def test_a_foreign_record_among_the_members_is_found(settled: Pipeline) -> None:
    """Deletes one membership and adds one of an unknown contact; restores both afterwards."""
    home = {
        r.key.decode(): number for number, records in settled.read_records("segment-members").items() for r in records
    }
    key, row = next(iter(settled.read_table("segment-members").items()))
    _, segment, contact = key.split("/")
    ghost = f"default/{segment}/nobody"
    asyncio.run(write(settled, "segment-members", key, None, home[key]))
    asyncio.run(write(settled, "segment-members", ghost, row, home[key]))
    code, report = run_verify(settled)
    result = leadstream("verify", "--sample", "100", env=settled.environment)
    asyncio.run(write(settled, "segment-members", key, row, home[key]))
    asyncio.run(write(settled, "segment-members", ghost, None, home[key]))

    assert code == result.returncode == 1
    differences = {(each["contact"], each["segment"]): each for each in report["differences"]}
    assert differences.keys() == {(contact, segment), ("nobody", segment)}
    difference = differences[contact, segment]
    assert (difference["what"], difference["expected"], difference["found"]) == ("membership", "member", "no member")
    assert differences["nobody", segment]["expected"] == "none"
    assert f"default/{contact} {segment}: expected member, found no member" in result.stdout
    assert "streaming differs from batch: 2 differences" in result.stdout
    assert run_verify(settled)[0] == 0


def test_a_lead_written_by_another_producer_is_found(settled: Pipeline) -> None:
    home = {r.key.decode(): number for number, records in settled.read_records("leads").items() for r in records}
    key, row = next(iter(settled.read_table("leads").items()))
    asyncio.run(write(settled, "leads", key, {**row, "points": 1_000_000}, home[key]))
    code, report = run_verify(settled)
    asyncio.run(write(settled, "leads", key, row, home[key]))
    assert run_verify(settled)[0] == 0
    assert code == 1
    assert [(each["what"], each["contact"]) for each in report["differences"]] == [("lead", row["contact"])]
    assert "with 1000000 points" in report["differences"][0]["found"]


def test_a_row_of_a_contact_that_is_missing_or_foreign_is_found(settled: Pipeline) -> None:
    home = {r.key.decode(): number for number, records in settled.read_records("contacts").items() for r in records}
    (key, row), (other_key, other) = list(settled.read_table("contacts").items())[:2]
    ghost = {**row, "contact": "nobody"}
    asyncio.run(write(settled, "contacts", key, None, home[key]))
    asyncio.run(write(settled, "contacts", other_key, {**other, "status": "deleted"}, home[other_key]))
    asyncio.run(write(settled, "contacts", "default/nobody", ghost, home[key]))
    code, report = run_verify(settled)
    asyncio.run(write(settled, "contacts", key, row, home[key]))
    asyncio.run(write(settled, "contacts", other_key, other, home[other_key]))
    asyncio.run(write(settled, "contacts", "default/nobody", None, home[key]))
    assert run_verify(settled)[0] == 0
    assert code == 1
    differences = {each["contact"]: each for each in report["differences"]}
    assert {each["what"] for each in report["differences"]} == {"contact"}
    assert differences.keys() == {row["contact"], other["contact"], "nobody"}
    assert differences[row["contact"]]["found"] == "none"
    assert differences[other["contact"]]["found"] == 'status "deleted"'
    assert differences["nobody"]["expected"] == "none"


def test_topics_of_another_prefix_are_reported_as_missing(kafka: str) -> None:
    result = leadstream("verify", env={"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": "nothing-here-"})
    assert result.returncode == 78
    assert "leadstream topics create" in result.stderr
