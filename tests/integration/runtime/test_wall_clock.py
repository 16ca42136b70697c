"""The wall clock on a real Kafka: an unreadable partition holds back time only, and a backlog is aligned."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.topics import CLAIMS, SCORING_EVENTS, SEGMENT_CHANGES, WEB_VISITS
from streams.engine.journal import records
from tests.harness.deployment.counting_deployment import CountingDeployment, counting_deployment, wait_until
from tests.harness.kafka.topic_reader import read_topic

VISITS, SCORES = WEB_VISITS.name, SCORING_EVENTS.name
MINUTE = 60_000


def now_ms() -> int:
    """Returns the wall clock in ms."""
    return time.time_ns() // 1_000_000


def event(number: int, contact: str, at: int) -> bytes:
    """Encodes an event."""
    return msgspec.json.encode({"id": str(number), "contact": contact, "amount": number % 9, "at": at})


async def tick_instants(deployment: CountingDeployment) -> list[int]:
    """Returns the instants of all ticks."""
    return [record.at for record in await deployment.journal() if isinstance(record, records.Tick)]


async def count_events(deployment: CountingDeployment) -> int:
    """Counts the events in the journal."""
    return sum(isinstance(record, records.JournalEvent) for record in await deployment.journal())


async def count_reminders(deployment: CountingDeployment) -> int:
    """Counts the reminders among the outputs."""
    outputs = await deployment.outputs(SEGMENT_CHANGES.name)
    return sum(record.value.startswith(b'["reminded"') for record in outputs)


async def test_time_alone_reminds_a_contact(kafka: str, prefix: str, tmp_path: Path) -> None:
    async with counting_deployment(kafka, prefix, tmp_path) as deployment:
        await deployment.start_workers("w0")
        await deployment.send(VISITS, b"c1", event(1, "c1", now_ms()))

        async def is_reminded() -> bool:
            return await count_reminders(deployment) == 1

        await wait_until(is_reminded, "the contact is reminded")
        for before, after in pairwise(sorted(await tick_instants(deployment))):
            assert before <= after


async def test_a_partition_that_cannot_be_read_holds_back_time_and_not_the_others(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    async with counting_deployment(kafka, prefix, tmp_path) as deployment:
        await deployment.start_workers("w0")
        await wait_until(lambda: _has_ticks(deployment), "time goes on")
        stranger = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{prefix}stranger")
        await stranger.start()
        try:
            await stranger.begin_transaction()
            await stranger.send_and_wait(
                deployment.full_name(VISITS), event(0, "c0", now_ms()), key=b"c0", partition=0
            )
            opened_at = now_ms()
            for number in range(1, 11):
                await deployment.send(SCORES, b"c%d" % number, event(number, f"c{number}", now_ms()))

            async def others_are_journaled() -> bool:
                return await count_events(deployment) == 10

            await wait_until(others_are_journaled, "the others' ingest goes on")
            await wait_until(lambda: _is_stuck(deployment, f"{VISITS}:0"), "the partition is said to stand still")
            await asyncio.sleep(2.5)  # the time of ten ticks; the contacts are due meanwhile
            assert max(await tick_instants(deployment)) <= opened_at
            assert await count_reminders(deployment) == 0
            await stranger.commit_transaction()

            async def all_are_reminded() -> bool:
                return await count_reminders(deployment) == 11

            await wait_until(all_are_reminded, "time goes on again")
        finally:
            await stranger.stop()


async def _has_ticks(deployment: CountingDeployment) -> bool:
    return bool(await tick_instants(deployment))


async def _is_stuck(deployment: CountingDeployment, source: str) -> bool:
    """Whether the last claim of the partition reports it as stuck."""
    published = await read_topic(deployment.settings.bootstrap, deployment.full_name(CLAIMS.name))
    claims = {record.key.decode(): msgspec.json.decode(record.value) for record in published[0]}
    return bool(claims.get(source, {}).get("stuck", 0))  # the record omits 0


async def test_after_an_outage_two_topics_of_different_speed_are_journaled_in_step(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    async with counting_deployment(kafka, prefix, tmp_path, foreign_topics={VISITS: 2, SCORES: 2}) as deployment:
        published = await publish_backlog(deployment, minutes=15)
        await deployment.start_workers("w0", "w1")

        async def all_are_journaled() -> bool:
            return await count_events(deployment) >= published

        await wait_until(all_are_journaled, "the backlog is journaled", seconds=200)
        late = await greatest_lateness(deployment)
        assert late <= deployment.settings.in_step_ms


async def publish_backlog(deployment: CountingDeployment, minutes: int) -> int:
    """Publishes the same minutes to two topics, one dense and one sparse; returns the number of records."""
    start = now_ms() - minutes * MINUTE
    dense, sparse = 150, 2_000  # ms between two records
    count = 0
    futures = []
    for topic, pause in ((VISITS, dense), (SCORES, sparse)):
        for at in range(start, start + minutes * MINUTE, pause):
            contact = f"c{count % 50}"
            value = event(count, contact, at)
            send = deployment.producer.send(
                deployment.full_name(topic), value, key=contact.encode(), partition=count % 2, timestamp_ms=at
            )
            futures.append(await send)
            count += 1
    await asyncio.gather(*futures)
    return count


async def greatest_lateness(deployment: CountingDeployment) -> int:
    """Returns how far (ms) a record's arrival is at most behind an earlier record of its journal partition."""
    partitions = await read_topic(deployment.settings.bootstrap, deployment.spec.journal_topic(deployment.settings))
    greatest = 0
    for partition in partitions.values():
        latest = 0
        for record in partition:
            journaled = records.decode(record.value)
            if isinstance(journaled, records.JournalEvent):
                greatest = max(greatest, latest - journaled.arrival)
                latest = max(latest, journaled.arrival)
    return greatest
