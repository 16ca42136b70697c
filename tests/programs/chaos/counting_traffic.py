"""Traffic of the counting program: events of 500 contacts on both in-topics, one in 97 of them invalid."""

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
    """Publishes `events` events at `rate` a second; waits while the broker is down."""
    rng = random.Random(seed)
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap, linger_ms=5, enable_idempotence=True, retry_backoff_ms=50
    )
    await producer.start()
    start = time.monotonic()
    futures = []
    for number in range(events):
        contact = f"c{rng.randrange(CONTACTS)}"
        topic = rng.choice((WEB_VISITS, SCORING_EVENTS))
        value = event_value(number, contact, rng)
        futures.append(await producer.send(settings.prefix + topic.name, value, key=contact.encode()))
        if number % BURST == BURST - 1:
            await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
    await asyncio.gather(*futures)
    await producer.stop()


def event_value(number: int, contact: str, rng: random.Random) -> bytes:
    """Encodes one event."""
    if number % 97 == 0:
        return b'{"id": %d, "broken' % number
    at = time.time_ns() // 1_000_000
    return encode(CountingEvent(id=str(number), contact=contact, amount=rng.randrange(1, 30), at=at, pad="x" * 120))
