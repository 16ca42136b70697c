"""The wall clock on a real Kafka: a partition that cannot be read holds up time and nobody else; a backlog comes in
step.
"""

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
    """The clock."""
    return time.time_ns() // 1_000_000


def event(number: int, contact: str, at: int) -> bytes:
    """The value of an event."""
    return msgspec.json.encode({"id": str(number), "contact": contact, "amount": number % 9, "at": at})


async def ticks(made: CountingDeployment) -> list[int]:
    """The values of all ticks."""
    return [record.at for record in await made.journal() if isinstance(record, records.Tick)]


async def events(made: CountingDeployment) -> int:
    """How many events are journaled."""
    return sum(isinstance(record, records.JournalEvent) for record in await made.journal())


async def reminded(made: CountingDeployment) -> int:
    """How many reminders are put out."""
    outputs = await made.outputs(SEGMENT_CHANGES.name)
    return sum(record.value.startswith(b'["reminded"') for record in outputs)


async def test_time_alone_reminds_a_contact(kafka: str, prefix: str, tmp_path: Path) -> None:
    async with counting_deployment(kafka, prefix, tmp_path) as made:
        await made.start_workers("w0")
        await made.send(VISITS, b"c1", event(1, "c1", now_ms()))

        async def is_reminded() -> bool:
            return await reminded(made) == 1

        await wait_until(is_reminded, "the contact is reminded")
        for before, after in pairwise(sorted(await ticks(made))):
            assert before <= after


async def test_a_partition_that_cannot_be_read_holds_up_time_and_not_the_others(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    async with counting_deployment(kafka, prefix, tmp_path) as made:
        await made.start_workers("w0")
        await wait_until(lambda: _ticked(made), "time goes on")
        stranger = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{prefix}stranger")
        await stranger.start()
        try:
            await stranger.begin_transaction()
            await stranger.send_and_wait(made.full_name(VISITS), event(0, "c0", now_ms()), key=b"c0", partition=0)
            opened = now_ms()
            for number in range(1, 11):
                await made.send(SCORES, b"c%d" % number, event(number, f"c{number}", now_ms()))

            async def others_are_journaled() -> bool:
                return await events(made) == 10

            await wait_until(others_are_journaled, "the others' ingest goes on")
            await wait_until(lambda: _is_stuck(made, f"{VISITS}:0"), "the partition is said to stand still")
            await asyncio.sleep(2.5)  # ten ticks' time: they are due all the while
            assert max(await ticks(made)) <= opened
            assert await reminded(made) == 0
            await stranger.commit_transaction()

            async def all_are_reminded() -> bool:
                return await reminded(made) == 11

            await wait_until(all_are_reminded, "time goes on again")
        finally:
            await stranger.stop()


async def _ticked(made: CountingDeployment) -> bool:
    return bool(await ticks(made))


async def _is_stuck(made: CountingDeployment, source: str) -> bool:
    """Whether the last claim of the partition says that it cannot be read on."""
    published = await read_topic(made.settings.bootstrap, made.full_name(CLAIMS.name))
    claims = {record.key.decode(): msgspec.json.decode(record.value) for record in published[0]}
    return bool(claims.get(source, {}).get("stuck", 0))  # 0 is left out of the record


async def test_after_an_outage_two_topics_of_different_speed_are_journaled_in_step(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    async with counting_deployment(kafka, prefix, tmp_path, foreign_topics={VISITS: 2, SCORES: 2}) as made:
        published = await publish_backlog(made, minutes=15)
        await made.start_workers("w0", "w1")

        async def all_are_journaled() -> bool:
            return await events(made) >= published

        await wait_until(all_are_journaled, "the backlog is journaled", seconds=200)
        late = await greatest_lateness(made)
        assert late <= made.settings.in_step_ms


async def publish_backlog(made: CountingDeployment, minutes: int) -> int:
    """Two topics with the same minutes behind them: one dense, in both partitions, the other sparse; how many
    records.
    """
    start = now_ms() - minutes * MINUTE
    dense, sparse = 150, 2_000  # ms between two records
    count = 0
    futures = []
    for topic, pause in ((VISITS, dense), (SCORES, sparse)):
        for at in range(start, start + minutes * MINUTE, pause):
            contact = f"c{count % 50}"
            value = event(count, contact, at)
            send = made.producer.send(
                made.full_name(topic), value, key=contact.encode(), partition=count % 2, timestamp_ms=at
            )
            futures.append(await send)
            count += 1
    await asyncio.gather(*futures)
    return count


async def greatest_lateness(made: CountingDeployment) -> int:
    """How much later than another of its journal partition a record is at most, by arrival; ms."""
    partitions = await read_topic(made.settings.bootstrap, made.spec.journal_topic(made.settings))
    greatest = 0
    for partition in partitions.values():
        latest = 0
        for record in partition:
            journaled = records.decode(record.value)
            if isinstance(journaled, records.JournalEvent):
                greatest = max(greatest, latest - journaled.arrival)
                latest = max(latest, journaled.arrival)
    return greatest
