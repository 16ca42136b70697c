"""Reaching the broker: an admin client, and one clear error when nothing answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError

from streams.errors import BrokerUnavailable, TopicsMissing

REQUEST_TIMEOUT_MS = 15_000
_CONNECTION_ERRORS = (KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError, ConnectionError, TimeoutError)


@contextmanager
def broker_errors(bootstrap: str) -> Iterator[None]:
    """Turns a client's many ways of saying that nothing answers into BrokerUnavailable."""
    try:
        yield
    except _CONNECTION_ERRORS as error:
        raise BrokerUnavailable(
            f"no Kafka answers at {bootstrap}; start one with `leadstream broker start`, or set --bootstrap"
        ) from error


@asynccontextmanager
async def admin_client(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client, closed at the end. Raises BrokerUnavailable when nothing answers."""
    with broker_errors(bootstrap):
        client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_TIMEOUT_MS)
        try:
            await client.start()
            yield client
        finally:
            await client.close()


_NO_ERROR = 0


async def fetch_partitions(bootstrap: str, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
    """Full topic name -> its partitions. Raises TopicsMissing naming the first one that is not there."""
    names = list(topics)
    async with admin_client(bootstrap) as admin:
        with broker_errors(bootstrap):
            described = await admin.describe_topics(names)
    found = {each["topic"]: each for each in described if each["error_code"] == _NO_ERROR}
    for name in names:
        if name not in found:
            raise TopicsMissing(f"topic {name} does not exist; `leadstream topics create` makes the topics")
    return {name: sorted(_topic_partitions(found[name])) for name in names}


def _topic_partitions(description: dict[str, object]) -> Iterable[TopicPartition]:
    partitions = description["partitions"]
    assert isinstance(partitions, list)
    return (TopicPartition(description["topic"], each["partition"]) for each in partitions)
