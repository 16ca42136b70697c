"""Finds a second worker of the same name: two would fence each other for ever.

The broker cannot tell a second process from a restart, and keeps client id and host of the first process of a name.
So every process says in its subscription which one it is (kafka/worker_groups.py), and a fenced worker looks whose
subscription its group has under its own name.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailable, DuplicateWorker, Fenced
from streams.kafka.worker_groups import GroupMember, group_members, process_name, process_of

BOUND_SECONDS = 5.0
_PAUSE_SECONDS = 0.3
_UUID_LENGTH = 36


def new_client_id(name: str) -> str:
    """A client id that no other process has."""
    return f"leadstream-{name}-{os.getpid()}-{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True)
class FencingDiagnosis:
    """Diagnoses why the member `name` of a group was fenced; `client_id` is that of its process.

    `worker` is the worker's name where that of the member is another.

    It looks for `patience` seconds, two heartbeats: this process may have joined in the other's place just now, which
    the other finds out at its next heartbeat and joins again.
    """

    bootstrap: str
    group: str
    name: str
    client_id: str
    patience: float
    worker: str = ""

    async def diagnose(self, error: BaseException) -> BaseException:
        """The error itself, or DuplicateWorker when it is a fencing by another process of this worker's name."""
        if not isinstance(error, Fenced):
            return error
        return await self.find_duplicate() or error

    async def find_duplicate(self) -> DuplicateWorker | None:
        """The error that another process of this name is; None when there is none, or when it is not known now."""
        try:
            async with asyncio.timeout(BOUND_SECONDS):
                other = await self._await_duplicate()
        except (KafkaError, BrokerUnavailable, TimeoutError):
            return None  # the broker does not answer now; the next start finds out
        if other is None:
            return None
        name = self.worker or self.name
        return DuplicateWorker(
            f"another worker is named {name} too, {other}; give this one a name of its own with --name"
        )

    async def _await_duplicate(self) -> str | None:
        clock, process = asyncio.get_running_loop().time, process_name(self.client_id)
        end = clock() + self.patience
        while True:
            members = named_members(await group_members(self.bootstrap, self.group), self.name)
            other = find_duplicate(members, process)
            if other is not None or not members or clock() > end:
                return other
            await asyncio.sleep(_PAUSE_SECONDS)


def named_members(members: Iterable[GroupMember], name: str) -> list[GroupMember]:
    """The members of this name. Kafka makes a static member's id of its instance id and a UUID."""
    return [member for member in members if member[0][: -_UUID_LENGTH - 1] == name]


def find_duplicate(members: Iterable[GroupMember], process: str) -> str | None:
    """The process of a member that is not `process`; None when there is none, or when it is not known now."""
    processes = (process_of(metadata) for _, _, _, metadata, *_ in members)
    return next((other for other in processes if other not in ("", process)), None)
