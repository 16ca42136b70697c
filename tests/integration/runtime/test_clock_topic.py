"""The topic `clock` is kept for ever: a worker reads of it what its slots have not answered."""

from __future__ import annotations

import asyncio

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.topics import CLOCK
from streams.kafka.topic_admin import create_topics
from streams.runtime.time.clock_advances import STRETCH_ADVANCES
from streams.runtime.time.control_topics import ControlTopicReader
from streams.settings import Settings
from tests.harness.runtime.counting_program import counting_spec

LIMIT_SECONDS = 30.0
COUNT = 12 * STRETCH_ADVANCES + 7


async def tell_time(settings: Settings, seconds: range) -> None:
    """Appends a record for each of these seconds, with one that no Leadstream wrote behind each tenth."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap)
    await producer.start()
    try:
        for second in seconds:
            at = f"2026-03-02T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
            value = {"account": "acme", "at": at, "ends": {"web-visits:0": second}}
            await producer.send(settings.prefix + CLOCK.name, msgspec.json.encode(value))
            if second % 10 == 0:
                await producer.send(settings.prefix + CLOCK.name, b"?")
    finally:
        await producer.stop()


async def test_a_slot_that_is_behind_gets_every_record_from_before_the_workers_start_and_after(
    kafka: str, prefix: str
) -> None:
    settings = Settings(bootstrap=kafka, prefix=prefix, clock="events", partitions=1, in_partitions=1)
    await create_topics(settings)
    await tell_time(settings, range(COUNT))
    news = asyncio.Event()
    reader = ControlTopicReader(settings, counting_spec(1), lambda: None, news.set)
    advances = reader.control_state.advances

    async def answer_until(last: int, offset: int = 0) -> tuple[list[int], int]:
        seconds: list[int] = []
        async with asyncio.timeout(LIMIT_SECONDS):
            while not seconds or seconds[-1] < last:
                news.clear()
                advance = advances.next_from(offset)
                if advance is None:
                    await news.wait()
                    continue
                seconds += advance.ends.values()
                offset = advance.offset + 1
        return seconds, offset

    await reader.start()
    try:
        await reader.catch_up()
        assert advances.next_from(advances.end) is None
        assert not advances.missing, "a slot that has answered everything has nothing read"
        seconds, offset = await answer_until(COUNT - 1)
        assert seconds == list(range(COUNT))
        await tell_time(settings, range(COUNT, 2 * COUNT))
        assert (await answer_until(2 * COUNT - 1, offset))[0] == list(range(COUNT, 2 * COUNT))
        assert held_count(reader) <= 4 * STRETCH_ADVANCES
        assert (await answer_until(COUNT))[0] == list(range(COUNT + 1)), "a slot that comes from another worker"
        assert held_count(reader) <= 4 * STRETCH_ADVANCES
    finally:
        await reader.stop()


def held_count(reader: ControlTopicReader) -> int:
    """How many records are in memory."""
    advances = reader.control_state.advances
    return sum(len(stretch.advances) for stretch in (advances._newest, *advances._others))
