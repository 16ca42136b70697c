"""Connects to the broker: an admin client, a producer, and one clear error when no broker answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError

from streams.errors import BrokerUnavailable, TopicsMissing
from streams.kafka.protocols import AdminClient, Producer

REQUEST_TIMEOUT_MS = 15_000
BROKER_SECONDS = 15.0
"""The longest time until a cluster that answers shows a broker."""

_BROKER_PAUSE_SECONDS = 0.1
_NO_ERROR = 0
_CONNECTION_ERRORS = (KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError, ConnectionError, TimeoutError)


@contextmanager
def broker_errors(bootstrap: str) -> Iterator[None]:
    """Raises BrokerUnavailable in place of the errors that a client raises when no broker answers."""
    try:
        yield
    except _CONNECTION_ERRORS as error:
        raise BrokerUnavailable(
            f"no Kafka answers at {bootstrap}; start one with `leadstream broker start`, or set --bootstrap"
        ) from error


@contextmanager
def seen_topics() -> Iterator[None]:
    """In a process that found all topics when it started: raises BrokerUnavailable in place of TopicsMissing."""
    try:
        yield
    except TopicsMissing as error:
        raise BrokerUnavailable(f"the broker does not show what was there before: {error}") from error


def wait_for_brokers(client: Any) -> None:
    """Lets an AIOKafkaClient wait at its start until the cluster shows a broker.

    One that comes back shows none at first, and aiokafka's clients fail then, some with an AssertionError. A method
    of the client is replaced, so it is `Any`; it raises NodeNotReadyError after BROKER_SECONDS.
    """
    connect = client.bootstrap

    async def bootstrap() -> None:
        await connect()
        end = time.monotonic() + BROKER_SECONDS
        while not client.cluster.brokers():
            if time.monotonic() > end:
                raise NodeNotReadyError(f"the cluster shows no broker for {BROKER_SECONDS:g} s")
            await client.force_metadata_update()
            await asyncio.sleep(_BROKER_PAUSE_SECONDS)

    client.bootstrap = bootstrap


class _AdminClient(AIOKafkaAdminClient):  # type: ignore[misc]  # aiokafka publishes no types
    """aiokafka's own, which waits for a broker when it starts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        wait_for_brokers(self._client)


@asynccontextmanager
async def admin_client(bootstrap: str) -> AsyncIterator[AdminClient]:
    """A started admin client, closed at the end. Raises BrokerUnavailable when no broker answers."""
    with broker_errors(bootstrap):
        client: AdminClient = _AdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_TIMEOUT_MS)
        try:
            await client.start()
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def open_producer(bootstrap: str, **options: Any) -> AsyncIterator[Producer]:
    """A started producer, stopped at the end: idempotent, all in-sync replicas acknowledge; `options` are aiokafka's.

    Raises BrokerUnavailable when no broker answers.
    """
    with broker_errors(bootstrap):
        producer: Producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, **options
        )
        wait_for_brokers(producer.client)
        try:
            await producer.start()
            yield producer
        finally:
            await producer.stop()


async def fetch_partitions(bootstrap: str, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
    """Full topic name -> its partitions in order. Raises TopicsMissing naming the first missing topic."""
    names = list(topics)
    async with admin_client(bootstrap) as admin:
        with broker_errors(bootstrap):
            described = await admin.describe_topics(names)
    existing = {each["topic"]: each for each in described if each["error_code"] == _NO_ERROR}
    for name in names:
        if name not in existing:
            raise TopicsMissing(f"topic {name} does not exist; `leadstream topics create` makes the topics")
    return {name: sorted(_topic_partitions(existing[name])) for name in names}


def _topic_partitions(description: dict[str, object]) -> Iterable[TopicPartition]:
    partitions = description["partitions"]
    assert isinstance(partitions, list)
    return (TopicPartition(description["topic"], each["partition"]) for each in partitions)
