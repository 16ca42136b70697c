"""Which events became dead letters: read from `dead-letters`, as far back as its retention goes."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import TopicPartition

from streams.engine.effects import Source
from streams.runtime.letters import source_of
from streams.topics import CRM_RESULTS, LEAD_COMMANDS, SCORING_EVENTS, SEGMENT_COMMANDS

FETCHED = 500
"""Letters at a time: live records wait no longer for it."""

REFUSED_WHEN_DECIDED = frozenset(
    topic.name for topic in (SCORING_EVENTS, LEAD_COMMANDS, SEGMENT_COMMANDS, CRM_RESULTS)
)
"""Topics whose events may be refused only when they are decided; of a refused patch the id is spent all the same."""


async def refused_sources(consumer: Any, place: TopicPartition) -> set[Source]:
    """The sources of everything refused up to now; `consumer` reads committed records and is assigned anew."""
    consumer.assign([place])
    end = (await consumer.end_offsets([place]))[place]
    await consumer.seek_to_beginning(place)
    found: set[Source] = set()
    while await consumer.position(place) < end:
        fetched = await consumer.getmany(place, timeout_ms=500, max_records=FETCHED)
        sources = (source_of(letter.headers) for letter in fetched.get(place, []))
        found.update(source for source in sources if source is not None and source[0] in REFUSED_WHEN_DECIDED)
        await asyncio.sleep(0)
    return found
