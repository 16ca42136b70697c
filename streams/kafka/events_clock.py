"""Reads how far the events clock has advanced."""

from __future__ import annotations

import json

from schemas.topics import CLOCK
from schemas.values import instant_ms
from streams.kafka.clients import fetch_partitions
from streams.kafka.reader import open_consumer, read_to_end
from streams.settings import Settings


async def current_event_time(settings: Settings, account: str) -> int | None:
    """The account's time in ms; None where nobody has advanced it yet. Raises BrokerUnavailable, TopicsMissing."""
    topic = settings.prefix + CLOCK.name
    partitions = (await fetch_partitions(settings.bootstrap, [topic]))[topic]
    key = account.encode()
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        instants = [
            instant_ms(json.loads(record.value)["at"])
            async for record in read_to_end(consumer, partitions)
            if record.key == key and record.value is not None
        ]
    return max(instants, default=None)
