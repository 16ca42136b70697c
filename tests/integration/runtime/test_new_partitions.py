"""In-topics gain partitions under running workers: they are read soon, and time does not pass them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions

from schemas.topics import SCORING_EVENTS, WEB_VISITS
from streams.engine.journal import records
from streams.kafka.clients import admin_client
from tests.harness.deployment.counting_deployment import CountingDeployment, counting_deployment, wait_until
from tests.harness.kafka.topic_reader import read_topic

VISITS, SCORES = WEB_VISITS.name, SCORING_EVENTS.name
NEW_PARTITIONS = (2, 3, 4)
BOUND_SECONDS = 10.0


def event(name: str) -> bytes:
    """Encodes an event of a contact of that name, which is reminded 0.4 s later: so ticks come often."""
    return msgspec.json.encode({"id": name, "contact": name, "amount": 1, "at": time.time_ns() // 1_000_000})


@asynccontextmanager
async def traffic(deployment: CountingDeployment) -> AsyncIterator[None]:
    """Events in the old partitions, ten a second, each of a contact of its own."""

    async def send() -> None:
        number = 0
        while True:
            await deployment.send(SCORES, b"old%d" % number, event(f"old{number}"))
            number += 1
            await asyncio.sleep(0.1)

    task = asyncio.create_task(send())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def add_partitions(deployment: CountingDeployment) -> None:
    """Gives a topic more partitions, and waits until a broker shows them."""
    topic = deployment.full_name(VISITS)
    async with admin_client(deployment.settings.bootstrap) as client:
        admin: Any = client
        await admin.create_partitions({topic: NewPartitions(total_count=len(NEW_PARTITIONS) + 2)})

        async def are_shown() -> bool:
            (described,) = await admin.describe_topics([topic])
            return len(described["partitions"]) == len(NEW_PARTITIONS) + 2

        await wait_until(are_shown, "the partitions are shown")


async def publish(deployment: CountingDeployment) -> None:
    """Publishes an event to each of the new partitions, by a producer that has seen them."""
    producer = AIOKafkaProducer(bootstrap_servers=deployment.settings.bootstrap)
    await producer.start()
    try:
        for number in NEW_PARTITIONS:
            name = f"new{number}"
            await producer.send_and_wait(
                deployment.full_name(VISITS), event(name), key=name.encode(), partition=number
            )
    finally:
        await producer.stop()


async def journal_partitions(deployment: CountingDeployment) -> list[list[records.JournalRecord]]:
    """The records of each journal partition."""
    settings = deployment.settings
    partitions = await read_topic(settings.bootstrap, deployment.spec.journal_topic(settings))
    return [[records.decode(record.value) for record in partition] for partition in partitions.values()]


def events_ahead_of_time(partition: list[records.JournalRecord]) -> dict[int, int]:
    """New in-topic partition -> how far (ms) its event's arrival is ahead of the last tick before it."""
    tick, ahead = 0, {}
    for record in partition:
        if isinstance(record, records.Tick):
            tick = record.at
        if isinstance(record, records.JournalEvent) and record.source[:2] in [(VISITS, n) for n in NEW_PARTITIONS]:
            ahead[record.source[1]] = record.arrival - tick
    return ahead


async def test_new_partitions_are_read_within_seconds_and_no_tick_passes_them(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    async with counting_deployment(kafka, prefix, tmp_path) as deployment:
        await deployment.start_workers("w0", "w1")
        async with traffic(deployment):
            await wait_until(lambda: _count_ticks(deployment, 8), "time goes on")
            await add_partitions(deployment)
            await publish(deployment)
            published = time.monotonic()
            ahead: dict[int, int] = {}
            while len(ahead) < len(NEW_PARTITIONS) and time.monotonic() < published + BOUND_SECONDS:
                await asyncio.sleep(0.2)
                for partition in await journal_partitions(deployment):
                    ahead |= events_ahead_of_time(partition)
            assert sorted(ahead) == list(NEW_PARTITIONS)
            assert min(ahead.values()) >= 0
            ticks = sum(isinstance(each, records.Tick) for each in await deployment.journal())
            await wait_until(lambda: _count_ticks(deployment, ticks + 8), "time goes on again")
        await wait_until(lambda: _is_right(deployment), "all is as the oracle says")


async def _count_ticks(deployment: CountingDeployment, least: int) -> bool:
    return sum(isinstance(each, records.Tick) for each in await deployment.journal()) >= least


async def _is_right(deployment: CountingDeployment) -> bool:
    return (await deployment.verdict()).holds
