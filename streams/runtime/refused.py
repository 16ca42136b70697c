"""Which events became dead letters: read from `dead-letters`, as far back as its retention goes."""

from __future__ import annotations

from typing import Any

from aiokafka import TopicPartition

from streams.runtime.letters import Source, source_of


async def refused_sources(consumer: Any, place: TopicPartition) -> set[Source]:
    """The sources of everything refused up to now; `consumer` reads committed records and is assigned anew."""
    consumer.assign([place])
    end = (await consumer.end_offsets([place]))[place]
    await consumer.seek_to_beginning(place)
    found: set[Source] = set()
    while await consumer.position(place) < end:
        for letter in (await consumer.getmany(place, timeout_ms=500)).get(place, []):
            source = source_of(letter.headers)
            if source is not None:
                found.add(source)
    return found
