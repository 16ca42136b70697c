"""Finds a second worker of the same name: two would fence each other for ever.

The broker cannot tell a second process from a restart. So a fenced worker looks for a member of its group with its
own instance id and another client id; every process has a client id of its own.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterable

from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailable, DuplicateWorker, Fenced
from streams.kafka.worker_groups import GroupMember, group_members

BOUND_SECONDS = 5.0
_UUID_LENGTH = 36


def new_client_id(name: str) -> str:
    """A client id that no other process has."""
    return f"leadstream-{name}-{os.getpid()}-{uuid.uuid4().hex[:12]}"


async def diagnose_error(
    error: BaseException, bootstrap: str, group: str, name: str, client_id: str
) -> BaseException:
    """The error itself, or DuplicateWorker when it is a fencing by another process of this worker's name."""
    if not isinstance(error, Fenced):
        return error
    try:
        async with asyncio.timeout(BOUND_SECONDS):
            members = await group_members(bootstrap, group)
    except (KafkaError, BrokerUnavailable, TimeoutError):
        return error  # the broker does not answer now; the next start finds out
    other = find_duplicate(members, name, client_id)
    if other is None:
        return error
    return DuplicateWorker(
        f"another worker is named {name} too, {other}; give this one a name of its own with --name"
    )


def find_duplicate(members: Iterable[GroupMember], name: str, client_id: str) -> str | None:
    """Client id and host of another process of this name; None when there is none.

    Kafka makes a static member's id of its instance id and a UUID.
    """
    for member_id, member_client, host, *_ in members:
        same_name = member_id[: -_UUID_LENGTH - 1] == name
        if same_name and member_client != client_id:
            return f"{member_client} on {str(host).lstrip('/')}"
    return None
