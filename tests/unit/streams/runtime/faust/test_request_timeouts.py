"""Waiting for a stalled broker is bounded; waiting for a rebalance is not."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.client import ConnectionGroup
from aiokafka.consumer.group_coordinator import JoinGroupRequest
from aiokafka.errors import RequestTimedOutError

from streams.runtime.faust.request_timeouts import patch_connections, patch_coordinator

SOON = 0.02


class FakeClient:
    """aiokafka's client; connecting takes `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.updates = 0
        self._conns: dict[Any, Any] = {}

    async def _get_conn(self, node_id: int, *, group: Any, no_hint: bool) -> Any:
        await asyncio.sleep(self.seconds)
        return SimpleNamespace(_request_timeout=20.0)

    def force_metadata_update(self) -> None:
        self.updates += 1


async def test_connecting_to_a_stalled_broker_ends_and_metadata_is_fetched_again() -> None:
    client = FakeClient(seconds=30)
    patch_connections(client, SOON)
    assert await client._get_conn(1, group=ConnectionGroup.DEFAULT, no_hint=False) is None
    assert client.updates == 1


async def test_fetches_give_up_sooner_than_a_rebalance_may_take() -> None:
    client = FakeClient(seconds=0)
    patch_connections(client, SOON)
    fetching = await client._get_conn(1, group=ConnectionGroup.DEFAULT, no_hint=False)
    joining = await client._get_conn(1, group=ConnectionGroup.COORDINATION, no_hint=False)
    assert fetching._request_timeout == SOON
    assert joining._request_timeout == 20.0


class FakeCoordinator:
    """aiokafka's group coordinator; an answer takes `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.coordinator_id = 1
        self.dead = 0
        self.closed: list[Any] = []
        connection = SimpleNamespace(close=self._close)
        self._client = SimpleNamespace(_conns={(1, ConnectionGroup.COORDINATION): connection})

    def _close(self, reason: Any) -> None:
        self.closed.append(reason)

    async def _send_req(self, _request: Any) -> str:
        await asyncio.sleep(self.seconds)
        return "answered"

    def coordinator_dead(self) -> None:
        self.dead += 1


async def test_a_heartbeat_to_a_stalled_coordinator_ends_and_another_coordinator_is_looked_up() -> None:
    coordinator = FakeCoordinator(seconds=30)
    patch_coordinator(coordinator, SOON)
    with pytest.raises(RequestTimedOutError):
        await coordinator._send_req("Heartbeat")
    assert coordinator.dead == 1
    assert len(coordinator.closed) == 1


async def test_joining_takes_as_long_as_the_others_need() -> None:
    coordinator = FakeCoordinator(seconds=3 * SOON)
    patch_coordinator(coordinator, SOON)
    join = JoinGroupRequest.__new__(JoinGroupRequest)
    assert await coordinator._send_req(join) == "answered"
    assert coordinator.dead == 0
