"""Reads hand-overs beside the group's own reading: again those of accounts that stood still, and what is ahead."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiokafka import TopicPartition

from streams.kafka.protocols import ConsumedRecord, Consumer
from streams.kafka.reader import open_consumer

CHUNK_RECORDS = 2_000
"""The most records of one read: others are handed over before the next one."""

_WAIT_MS = 500


class StoppedReader:
    """A consumer without a group, which connects when it first reads. An async context manager."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._stack = AsyncExitStack()
        self._consumer: Consumer | None = None
        self._place: tuple[TopicPartition, int] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def read(
        self, partition: TopicPartition, start: int, end: int, wait_ms: int = _WAIT_MS
    ) -> tuple[Sequence[ConsumedRecord], int]:
        """The next committed records from `start` on and before `end`, and the offset to go on from.

        Records that retention has deleted are passed over. No records and `start` mean: nothing came for a moment.
        Raises BrokerUnavailable, KafkaError.
        """
        if self._consumer is None:
            self._consumer = await self._stack.enter_async_context(open_consumer(self._bootstrap, "leadstream-crm"))
        consumer = self._consumer
        if self._place != (partition, start):
            consumer.assign([partition])
            consumer.seek(partition, start)
        fetched = await consumer.getmany(timeout_ms=wait_ms, max_records=CHUNK_RECORDS)
        records = [record for record in fetched.get(partition, ()) if record.offset < end]
        position = await consumer.position(partition)
        self._place = (partition, position)
        return records, min(max(position, start), end)
