"""Records on their way to Kafka: produced once each, acknowledged by every replica in sync."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.topics import CLOCK, LEDGER_IN, PIPELINE_IN
from schemas.values import instant_text
from streams.errors import BrokerUnavailable
from streams.kafka.clients import fetch_partitions
from streams.kafka.protocols import Consumer, Producer
from streams.publish.ordering import OutgoingEvent
from streams.settings import Settings

_encode = msgspec.json.Encoder().encode


class EventProducer:
    """An idempotent producer and what it needs to know of the topics. An async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Producer = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            max_batch_size=262_144,
            max_request_size=4_000_000,
            client_id="leadstream-publish",
        )
        self._consumer: Consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap, client_id="leadstream-publish"
        )
        self._in_partitions: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
            await self._consumer.start()
        except (KafkaError, OSError) as error:
            await self._close()
            raise BrokerUnavailable(
                f"no Kafka answers at {self._settings.bootstrap}; `leadstream broker start` starts one"
            ) from error
        try:
            await self._check_topics()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def send(self, events: Sequence[OutgoingEvent]) -> list[tuple[int, int]]:
        """Sends in order; returns partition and offset of each when all are acknowledged.

        Raises BrokerUnavailable when the broker does not take them.
        """
        try:
            futures = [
                await self._producer.send(self._settings.prefix + event.topic, event.value, event.key)
                for event in events
            ]
            places = await asyncio.gather(*futures)
        except KafkaError as error:
            raise BrokerUnavailable(f"Kafka did not take the events: {error}") from error
        return [(place.partition, place.offset) for place in places]

    async def advance_clock(self, account: str, at: int) -> None:
        """Says that every instant of the account before `at` (ms) is over, as far as the in-topics reach now."""
        text = instant_text(at)
        told = {
            "type": "clock.advanced",
            "id": f"clock-{account}-{text}",
            "account": account,
            "at": text,
            "ends": await self._in_topic_end_offsets(),
        }
        await self.send([OutgoingEvent(CLOCK.name, account.encode(), _encode(told), None)])

    async def _in_topic_end_offsets(self) -> dict[str, int]:
        """End offsets of all in-topics' partitions, keyed `topic:partition` without prefix."""
        ends = await self._consumer.end_offsets(self._in_partitions)
        prefix = len(self._settings.prefix)
        return {f"{partition.topic[prefix:]}:{partition.partition}": end for partition, end in ends.items()}

    async def _check_topics(self) -> None:
        # Producing to a topic that is missing would fail only after minutes of retries.
        prefix, bootstrap = self._settings.prefix, self._settings.bootstrap
        in_topics = [prefix + topic.name for topic in (*PIPELINE_IN, *LEDGER_IN)]
        there = await fetch_partitions(bootstrap, [*in_topics, prefix + CLOCK.name])
        self._in_partitions = [place for name in in_topics for place in there[name]]

    async def _close(self) -> None:
        await self._consumer.stop()
        await self._producer.stop()
