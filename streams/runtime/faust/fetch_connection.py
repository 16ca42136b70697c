"""Gives a consumer's fetches a connection of their own, and keeps them from polling.

A broker answers the requests of one connection in order. A fetch that waits for records would hold up metadata and
offsets, which a take-over needs, and after a rebalance the first fetch of the new assignment.

`Any` stands for aiokafka's private client and its requests.
"""

from __future__ import annotations

from typing import Any

from aiokafka.client import ConnectionGroup
from aiokafka.protocol.fetch import FetchRequest

FETCHES = "fetches"
"""The connection group of fetches; aiokafka's own are numbers."""

POLL_SECONDS = 5.0


def separate_fetches(consumer: Any) -> None:
    """Sends the fetches of an AIOKafkaConsumer over connections of their own."""
    client = consumer._client
    send = client.send

    async def send_apart(node_id: int, request: Any, *, group: Any = ConnectionGroup.DEFAULT) -> Any:
        return await send(node_id, request, group=FETCHES if isinstance(request, FetchRequest) else group)

    client.send = send_apart


def stop_polling(consumer: Any) -> None:
    """A started AIOKafkaConsumer looks every 200 ms whether there is something to fetch, though all that it may have
    to act on wakes it.
    """
    consumer._fetcher._fetcher_timeout = POLL_SECONDS


def close_fetch_connections(consumer: Any) -> None:
    """Drops the fetches under way, whose answers nobody waits for; the next fetch connects again."""
    for (_, group), connection in list(consumer._client._conns.items()):
        if group == FETCHES:
            connection.close()
