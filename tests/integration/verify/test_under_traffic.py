"""`leadstream verify` while events arrive, time passes, and contacts enter and leave."""

from __future__ import annotations

import asyncio
import json
import random
import time
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.values import instant_text
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until

DEFINITIONS = """
segments:
  - {id: now, dynamic: true, when: {visit: {}, within: 2s}}
  - {id: often, dynamic: true, when: {visit: {}, count: {gte: 2}, within: 5s}}
  - {id: gone, dynamic: true, when: {inactive_for: 3s}}
campaigns:
  - {id: live, audience: [often], half_life: 10s, scoring: [{id: visit, when: {visit: {}}, points: 1}]}
"""
QUIET = [f"quiet-{number}" for number in range(150)]
"""Contacts without further events, however long a verification takes."""

LIVELY = [f"lively-{number}" for number in range(50)]


def visit(contact: str) -> dict[str, Any]:
    """Returns a visit at the present time."""
    now = time.time_ns()
    url = "https://www.example.com/"
    return {
        "id": str(now),
        "type": "web.visited",
        "at": instant_text(now // 1_000_000),
        "contact": contact,
        "url": url,
    }


def fall_silent(pipeline: Pipeline) -> None:
    """Publishes one visit of each quiet contact, and waits until they are in the segment `gone`."""
    pipeline.publish([visit(contact) for contact in QUIET])
    wait_until(lambda: members(pipeline, "gone") >= set(QUIET), LIMIT_SECONDS, "the quiet ones are not gone")


def members(pipeline: Pipeline, segment: str) -> set[str]:
    return {row["contact"] for row in pipeline.read_table("segment-members").values() if row["segment"] == segment}


async def visits(pipeline: Pipeline, stop: asyncio.Event) -> None:
    """Publishes a visit of a lively contact every few ms until `stop` is set."""
    chance = random.Random(5)
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.settings.bootstrap, linger_ms=2)
    await producer.start()
    try:
        while not stop.is_set():
            event = visit(chance.choice(LIVELY))
            value = msgspec.json.encode(event)
            await producer.send(pipeline.settings.prefix + "web-visits", value, key=event["contact"].encode())
            await asyncio.sleep(0.01)  # the pace of the traffic
    finally:
        await producer.stop()


async def verify_under_traffic(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Returns three reports, one after the other, under traffic."""
    stop = asyncio.Event()
    traffic = asyncio.create_task(visits(pipeline, stop))
    try:
        await asyncio.to_thread(wait_until, lambda: len(pipeline.read_table("leads")) > 10, LIMIT_SECONDS, "no leads")
        reports = []
        for _ in range(3):
            result = await asyncio.to_thread(leadstream, "verify", "--json", env=pipeline.environment)
            assert result.stdout, result.stderr
            reports.append(json.loads(result.stdout))
        return reports
    finally:
        stop.set()
        await traffic


def test_it_is_equal_under_traffic_and_reports_the_contacts_it_skipped(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    with Pipeline(kafka, prefix, tmp_path, clock="wall", partitions=2) as pipeline:
        pipeline.apply(DEFINITIONS)
        pipeline.start_worker()
        fall_silent(pipeline)
        reports = asyncio.run(verify_under_traffic(pipeline))
    assert [report["differences"] for report in reports] == [[], [], []]
    for report in reports:
        assert report["contacts"] >= len(QUIET)
        assert report["contacts"] + report["contacts_passed_over"] > len(QUIET) + 10
