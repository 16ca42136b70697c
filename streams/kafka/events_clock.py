"""The time that was last told on the events clock."""

from __future__ import annotations

import json
from typing import Any

from aiokafka import AIOKafkaConsumer

from schemas.topics import CLOCK
from schemas.values import instant_ms
from streams.kafka.clients import broker_errors, fetch_partitions
from streams.settings import Settings


async def current_event_time(settings: Settings, account: str) -> int | None:
    """The account's time in ms; None where nobody told it yet. Raises BrokerUnavailable, TopicsMissing."""
    name = settings.prefix + CLOCK.name
    place = (await fetch_partitions(settings.bootstrap, [name]))[name][0]
    with broker_errors(settings.bootstrap):
        consumer: Any = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            end = (await consumer.end_offsets([place]))[place]
            told: int | None = None
            while await consumer.position(place) < end:
                fetched = await consumer.getmany(place, timeout_ms=500)
                for record in fetched.get(place, []):
                    if record.key == account.encode():
                        at = instant_ms(json.loads(record.value)["at"])
                        told = at if told is None else max(told, at)
            return told
        finally:
            await consumer.stop()
