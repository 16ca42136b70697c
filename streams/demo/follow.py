"""Reads the out-topics, committed records only as any application would, and applies them to the state."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaConsumer

from schemas.topics import DEAD_LETTERS
from streams.demo.state import FOLLOWED_TOPICS, DemoState
from streams.kafka.clients import fetch_partitions
from streams.kafka.protocols import Consumer
from streams.kafka.reader import stop_consumer
from streams.settings import Settings
from streams.store.status.refusals import refusal_code

_decode = msgspec.json.Decoder().decode


class OutputFollower:
    """An async context manager; while `run` runs, `state` is up to date."""

    def __init__(self, settings: Settings, state: DemoState) -> None:
        self._bootstrap = settings.bootstrap
        self._prefix = settings.prefix
        self._state = state
        self._consumer: Consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
            client_id="leadstream-demo",
        )

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        topics = await fetch_partitions(self._bootstrap, [self._prefix + name for name in FOLLOWED_TOPICS])
        self._consumer.assign([partition for partitions in topics.values() for partition in partitions])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await stop_consumer(self._consumer)

    async def run(self) -> None:
        """Applies records until it is cancelled."""
        while True:
            await self.poll(500)

    async def read_to_end(self) -> None:
        """Applies what is there now."""
        ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        for partition, end in ends.items():
            while await self._consumer.position(partition) < end:
                await self.poll(500)

    async def poll(self, timeout_ms: int) -> int:
        """Applies the records that come within `timeout_ms`; returns how many they were."""
        batches = await self._consumer.getmany(timeout_ms=timeout_ms)
        count = 0
        for partition, batch in batches.items():
            topic = partition.topic.removeprefix(self._prefix)
            for record in batch:
                if topic == DEAD_LETTERS.name:
                    self._state.apply_dead_letter(refusal_code(record))
                else:
                    self._state.apply(topic, record.key, _decode_value(record.value))
                count += 1
        await asyncio.sleep(0)  # lets the view be drawn even while the buffer is full
        return count


def _decode_value(value: bytes | None) -> dict[str, Any] | None:
    if value is None:
        return None
    decoded = _decode(value)
    return decoded if isinstance(decoded, dict) else None
