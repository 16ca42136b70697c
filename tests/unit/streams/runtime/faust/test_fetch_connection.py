"""Fetches have a connection of their own, and do not poll."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aiokafka.client import ConnectionGroup
from aiokafka.protocol.fetch import FetchRequest

from streams.runtime.faust.fetch_connection import (
    FETCHES,
    POLL_SECONDS,
    close_fetch_connections,
    separate_fetches,
    stop_polling,
)


class FakeSendingClient:
    """aiokafka's client; remembers each request's connection group."""

    def __init__(self) -> None:
        self.groups: list[Any] = []
        self._conns: dict[tuple[int, Any], Any] = {}

    async def send(self, node_id: int, request: Any, *, group: Any = ConnectionGroup.DEFAULT) -> Any:
        self.groups.append(group)
        return node_id, request


async def test_only_fetches_leave_their_connection_group() -> None:
    client = FakeSendingClient()
    separate_fetches(SimpleNamespace(_client=client))
    await client.send(1, FetchRequest(20, 1, 1, 1, []))
    assert await client.send(1, "metadata") == (1, "metadata")
    await client.send(1, "heartbeat", group=ConnectionGroup.COORDINATION)
    assert client.groups == [FETCHES, ConnectionGroup.DEFAULT, ConnectionGroup.COORDINATION]


def test_only_fetches_under_way_are_dropped() -> None:
    closed: list[Any] = []
    client = FakeSendingClient()
    for group in (FETCHES, ConnectionGroup.DEFAULT):
        client._conns[1, group] = SimpleNamespace(close=lambda group=group: closed.append(group))
    close_fetch_connections(SimpleNamespace(_client=client))
    assert closed == [FETCHES]


def test_a_consumer_with_nothing_to_fetch_does_not_look_five_times_a_second() -> None:
    fetcher = SimpleNamespace(_fetcher_timeout=0.2)
    stop_polling(SimpleNamespace(_fetcher=fetcher))
    assert fetcher._fetcher_timeout == POLL_SECONDS >= 1
