"""What the chaos publishes: events of some hundred contacts on both in-topics, one in 97 of them broken."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.topics import SCORING_EVENTS, WEB_VISITS
from streams.settings import Settings
from tests.harness.runtime.counting_program import CountingEvent, encode

CONTACTS = 500
BURST = 20


async def publish(settings: Settings, events: int, rate: float, seed: int) -> None:
    """Publishes so many events at this rate a second; a broker that is away is waited for."""
    chance = random.Random(seed)
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap, linger_ms=5, enable_idempotence=True, retry_backoff_ms=50
    )
    await producer.start()
    began = time.monotonic()
    futures = []
    for number in range(events):
        contact = f"c{chance.randrange(CONTACTS)}"
        topic = chance.choice((WEB_VISITS, SCORING_EVENTS))
        value = event_value(number, contact, chance)
        futures.append(await producer.send(settings.prefix + topic.name, value, key=contact.encode()))
        if number % BURST == BURST - 1:
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
    await asyncio.gather(*futures)
    await producer.stop()


def event_value(number: int, contact: str, rng: random.Random) -> bytes:
    """One event's value."""
    if number % 97 == 0:
        return b'{"id": %d, "broken' % number
    at = time.time_ns() // 1_000_000
    return encode(CountingEvent(id=str(number), contact=contact, amount=rng.randrange(1, 30), at=at, pad="x" * 120))
