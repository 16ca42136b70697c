"""Bounds how long a consumer waits for a stalled broker (stopped, swapped out, behind a dead link).

aiokafka's consumer has one request timeout for everything, and it must outlast a rebalance, because JoinGroup and
SyncGroup are answered when all members have joined. So with a stalled broker fetches, metadata and heartbeats would
wait just as long, and the group would meanwhile expel the member. Two patches:

- connections: connecting (which holds a lock of the whole client) and the requests outside the coordination group
  (fetches, metadata, offsets) give up after `request_seconds`
- the group coordinator: every request but JoinGroup and SyncGroup gives up after `request_seconds`

`Any` stands for private objects of aiokafka, its requests and its answers.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka.client import ConnectionGroup
from aiokafka.conn import CloseReason
from aiokafka.consumer.group_coordinator import JoinGroupRequest, SyncGroupRequest
from aiokafka.errors import RequestTimedOutError


def patch_connections(client: Any, request_seconds: float) -> None:
    """Bounds how long a consumer's client waits for a stalled broker."""
    connect = client._get_conn

    async def connect_in_time(node_id: int, *, group: Any = ConnectionGroup.DEFAULT, no_hint: bool = False) -> Any:
        try:
            async with asyncio.timeout(request_seconds):
                connection = await connect(node_id, group=group, no_hint=no_hint)
        except TimeoutError:
            client.force_metadata_update()
            return None
        # JoinGroup uses the coordination group's connection and may rightly take a whole rebalance.
        if connection is not None and group != ConnectionGroup.COORDINATION:
            connection._request_timeout = request_seconds
        return connection

    client._get_conn = connect_in_time


def patch_coordinator(coordinator: Any, request_seconds: float) -> None:
    """Bounds heartbeats and offset commits to a stalled group coordinator."""
    send = coordinator._send_req

    async def send_in_time(request: Any) -> Any:
        if isinstance(request, (JoinGroupRequest, SyncGroupRequest)):
            return await send(request)
        node_id = coordinator.coordinator_id
        try:
            async with asyncio.timeout(request_seconds):
                return await send(request)
        except TimeoutError:
            coordinator.coordinator_dead()
            connection = coordinator._client._conns.get((node_id, ConnectionGroup.COORDINATION))
            if connection is not None:
                connection.close(reason=CloseReason.CONNECTION_TIMEOUT)
            raise RequestTimedOutError from None

    coordinator._send_req = send_in_time
