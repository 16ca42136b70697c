"""When hand-overs were decided, from the journal: their numbers alone compare within one partition only."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from aiokafka import TopicPartition

from schemas.topics import JOURNAL
from streams.kafka.reader import open_consumer, read_to_end
from streams.settings import Settings

_REMEMBERED = 10_000


class HandOverTimes:
    """`times(number)` reads one record of the journal; it blocks, so it is for a thread without an event loop.

    Asked only where several Leads of different partitions became one opportunity.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._read = lru_cache(_REMEMBERED)(self._read_journal)

    def __call__(self, number: str) -> int | None:
        """Returns the instant (ms) of the hand-over with this number, as it stands on a Lead: `3/1200/0`.

        None where it is no number, or the journal's retention has removed it. Raises BrokerUnavailable.
        """
        parts = number.split("/")
        if (
            len(parts) != 3
            or not all(part.isdecimal() for part in parts)
            or int(parts[0]) >= self._settings.partitions
        ):
            return None
        return self._read(int(parts[0]), int(parts[1]))

    def _read_journal(self, partition: int, offset: int) -> int | None:
        return asyncio.run(self._read_timestamp(partition, offset))

    async def _read_timestamp(self, number: int, offset: int) -> int | None:
        partition = TopicPartition(self._settings.prefix + JOURNAL.name, number)
        async with open_consumer(self._settings.bootstrap, "leadstream-crm") as consumer:
            first = (await consumer.beginning_offsets([partition]))[partition]
            end = (await consumer.end_offsets([partition]))[partition]
            if not first <= offset < end:
                return None
            async for record in read_to_end(
                consumer, [partition], starts={partition: offset}, ends={partition: offset + 1}
            ):
                return record.timestamp
        return None
