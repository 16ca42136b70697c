"""The instant of a hand-over is that of its record in the journal."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer

from agents.crm.opportunities.handover_times import HandOverTimes
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings


async def test_the_number_of_a_hand_over_tells_when_it_was_decided(kafka: str, prefix: str) -> None:
    settings = Settings(bootstrap=kafka, prefix=prefix, partitions=2, in_partitions=1)
    await create_topics(settings, lambda *_: None)
    producer: Any = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        for number in range(3):
            stamp = 1_770_000_000_000 + number
            await producer.send_and_wait(f"{prefix}journal", b"{}", b"k", partition=1, timestamp_ms=stamp)
    finally:
        await producer.stop()
    times = HandOverTimes(settings)
    asked = ["1/1/0", "1/2/5", "1/3/0", "0/0/0", "2/0/0", "x", "", "1/²/0"]
    answers = [await asyncio.to_thread(times, each) for each in asked]
    assert answers == [1_770_000_000_001, 1_770_000_000_002, None, None, None, None, None, None]
