"""Two processes of one name fence each other for ever, and the broker cannot tell a double from a restart.

So a worker that was fenced asks the group: is there a member with my instance id that another process joined as?
Every process has a client id of its own, which the group shows beside the member.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterable
from typing import Any

from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailable, DuplicateWorker, Fenced
from streams.kafka.clients import admin_client

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
        members = await asyncio.wait_for(_group_members(bootstrap, group), BOUND_SECONDS)
    except (KafkaError, BrokerUnavailable, TimeoutError):
        return error  # the broker does not answer now; the next start finds out
    other = find_duplicate(members, name, client_id)
    if other is None:
        return error
    return DuplicateWorker(
        f"another worker is named {name} too, {other}; give this one a name of its own with --name"
    )


async def _group_members(bootstrap: str, group: str) -> list[Any]:
    async with admin_client(bootstrap) as admin:
        answers = await admin.describe_consumer_groups([group])
    return [member for answer in answers for described in answer.groups for member in described[5]]


def find_duplicate(members: Iterable[Any], name: str, client_id: str) -> str | None:
    """Where another process of this name is, None when there is none.

    A member is (member id, client id, host, ...); Kafka makes a static member's id of its instance id and a UUID.
    """
    for member_id, member_client, host, *_ in members:
        same_name = member_id[: -_UUID_LENGTH - 1] == name
        if same_name and member_client != client_id:
            return f"{member_client} on {str(host).lstrip('/')}"
    return None
