"""Publishes the events of traffic_source.py at a rate, and changes the definitions meanwhile."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.errors import BrokerUnavailable
from streams.settings import Settings
from streams.store.releases import ReleaseRepository
from tests.programs.chaos.traffic_source import EDIT_POINTS, EDITS, messages

BURST = 20
RELEASE_SECONDS = 60.0


async def publish(settings: Settings, events: int, rate: float, seed: int) -> None:
    """Publishes `events` events at `rate` a second, and releases at EDIT_POINTS; waits while the broker is down."""
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap, linger_ms=5, enable_idempotence=True, retry_backoff_ms=50
    )
    await producer.start()
    try:
        await make_release(settings, EDITS[0], 1)
        release_count = 1
        start = time.monotonic()
        futures = []
        for number, message in enumerate(messages(events, random.Random(seed), lambda: time.time_ns() // 1_000_000)):
            topic, key, value = message
            futures.append(await producer.send(settings.prefix + topic, value, key=key))
            while release_count < len(EDITS) and number >= EDIT_POINTS[release_count] * events:
                await make_release(settings, EDITS[release_count], release_count + 1)
                release_count += 1
            if number % BURST == BURST - 1:
                await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
        await asyncio.gather(*futures)
    finally:
        await producer.stop()


async def make_release(settings: Settings, document: dict[str, Any], number: int) -> None:
    """Writes the account's release of that number once, even if an answer is lost. Raises TimeoutError."""
    releases = ReleaseRepository(settings, settings.clock)
    end = time.monotonic() + RELEASE_SECONDS
    while time.monotonic() < end:
        try:
            latest = await releases.latest(document["account"])
            if latest is not None and latest.number >= number:
                return
            await releases.write_release(document["account"], document, number - 1)
        except BrokerUnavailable:
            await asyncio.sleep(0.5)
    raise TimeoutError(f"release {number} could not be made")
