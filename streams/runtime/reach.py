"""Reaching the broker: an admin client, and one clear error when nothing answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError

from streams.errors import BrokerUnavailable

REQUEST_TIMEOUT_MS = 15_000
_NO_ANSWER = (KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError, ConnectionError, TimeoutError)


@contextmanager
def answering(bootstrap: str) -> Iterator[None]:
    """Turns a client's many ways of saying that nothing answers into BrokerUnavailable."""
    try:
        yield
    except _NO_ANSWER as error:
        raise BrokerUnavailable(
            f"no Kafka answers at {bootstrap}; start one with `leadstream broker start`, or set --bootstrap"
        ) from error


@asynccontextmanager
async def admin_client(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client, closed at the end. Raises BrokerUnavailable when nothing answers."""
    with answering(bootstrap):
        client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_TIMEOUT_MS)
        try:
            await client.start()
            yield client
        finally:
            await client.close()
