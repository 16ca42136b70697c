"""Sends events to Kafka exactly once, each acknowledged by every in-sync replica."""

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
from streams.kafka.batches import Headers
from streams.kafka.clients import fetch_partitions, wait_for_brokers
from streams.kafka.protocols import Consumer, Producer
from streams.publish.ordering import OutgoingEvent
from streams.runtime.faust.producer_stop import stop_producer
from streams.settings import Settings

CLOSE_SECONDS = 30.0
"""How long a producer that closes waits for what it has not delivered yet."""

_encode = msgspec.json.Encoder().encode


class EventProducer:
    """An async context manager around an idempotent producer that has checked the topics."""

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
        wait_for_brokers(self._producer.client)
        self._consumer: Consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap, client_id="leadstream-publish"
        )
        self._in_partitions: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
            await self._consumer.start()
            await self._check_topics()
        except (KafkaError, OSError) as error:
            await self._close()
            raise BrokerUnavailable(
                f"no Kafka answers at {self._settings.bootstrap}; `leadstream broker start` starts one"
            ) from error
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def send(self, events: Sequence[OutgoingEvent], headers: Headers = ()) -> list[tuple[int, int]]:
        """Sends in order; returns (partition, offset) of each event when all are acknowledged.

        Each has the `headers`. Raises BrokerUnavailable when the broker does not accept them.
        """
        header_list = list(headers)  # aiokafka takes nothing else
        try:
            futures = [
                await self._producer.send(
                    self._settings.prefix + event.topic, event.value, event.key, headers=header_list
                )
                for event in events
            ]
            positions = await asyncio.gather(*futures)
        except KafkaError as error:
            raise BrokerUnavailable(f"Kafka did not take the events: {error}") from error
        return [(position.partition, position.offset) for position in positions]

    async def advance_clock(self, account: str, at: int) -> None:
        """Publishes that every instant of the account before `at` (ms) is over, up to the in-topics' current ends."""
        text = instant_text(at)
        event = {
            "type": "clock.advanced",
            "id": f"clock-{account}-{text}",
            "account": account,
            "at": text,
            "ends": await self._in_topic_end_offsets(),
        }
        await self.send([OutgoingEvent(CLOCK.name, account.encode(), _encode(event), None)])

    async def _in_topic_end_offsets(self) -> dict[str, int]:
        """Returns the end offsets of all in-topics' partitions by `topic:partition`, without prefix."""
        ends = await self._consumer.end_offsets(self._in_partitions)
        prefix = len(self._settings.prefix)
        return {f"{partition.topic[prefix:]}:{partition.partition}": end for partition, end in ends.items()}

    async def _check_topics(self) -> None:
        # Producing to a missing topic would fail only after minutes of retries.
        prefix, bootstrap = self._settings.prefix, self._settings.bootstrap
        in_topics = [prefix + topic.name for topic in (*PIPELINE_IN, *LEDGER_IN)]
        partitions = await fetch_partitions(bootstrap, [*in_topics, prefix + CLOCK.name])
        self._in_partitions = [partition for name in in_topics for partition in partitions[name]]

    async def _close(self) -> None:
        await self._consumer.stop()
        await stop_producer(self._producer, CLOSE_SECONDS)
