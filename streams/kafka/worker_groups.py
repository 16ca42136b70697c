"""The consumer groups of a deployment's workers: which engine version each of their members knows, and which process
each is.

A member says both in the data of its subscription. Client id and host would not do: of a named worker that starts
again within its session timeout the broker keeps those of the former process, and takes the new subscription.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import msgspec
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    GroupCoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
    for_code,
)

from schemas.engine_versions import NEWEST_VERSION
from streams.errors import FormerWorkers, Unavailable
from streams.kafka.clients import admin_client
from streams.kafka.protocols import AdminClient
from streams.settings import Settings

WORKER_GROUPS = ("pipeline", "ledger", "crm")
"""The groups whose members read `definitions` or what releases make, without the deployment's prefix."""

PATIENCE_SECONDS = 30.0
_PAUSE_SECONDS = 0.3

GroupMember = tuple[str, str, str, bytes, bytes]
"""Member id, client id, host, metadata, assignment, as in Kafka's DescribeGroups answer."""

_NO_COORDINATOR = (GroupCoordinatorNotAvailableError, NotCoordinatorError, CoordinatorLoadInProgressError)
_MEMBER_SUFFIX = re.compile(r"-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
"""What the broker adds to a member's name, or to the client id of one without a name, to make its id."""

_UNSETTLED_STATES = frozenset({"PreparingRebalance", "CompletingRebalance"})


class _MemberData(msgspec.Struct):
    """What is read of the data of a subscription, which is Faust's own for the most part."""

    engine_version: int = 0
    process: str = ""


@dataclass(frozen=True, slots=True)
class DescribedGroup:
    """A group as its coordinator knows it; "Dead" is the state of one that does not exist."""

    state: str
    members: Sequence[GroupMember]


def group_id(prefix: str, name: str) -> str:
    """The id of a group of workers."""
    return f"{prefix}leadstream-{name}"


def with_engine_version(user_data: bytes = b"{}") -> bytes:
    """The data (a JSON object) of a subscription, with the newest version that this engine knows."""
    return msgspec.json.encode({**msgspec.json.decode(user_data), "engine_version": NEWEST_VERSION})


def with_process(user_data: bytes, process: str) -> bytes:
    """The data (a JSON object) of a subscription, with the process that subscribes."""
    return msgspec.json.encode({**msgspec.json.decode(user_data), "process": process})


def process_name(client_id: str) -> str:
    """The name of this process for people; `client_id` is one that no other process has."""
    return f"{client_id} on {socket.gethostname()}"


def engine_version(metadata: bytes) -> int:
    """The newest engine version that a member knows, from its subscription; 0 for one that says none."""
    return _member_data(metadata).engine_version


def process_of(metadata: bytes) -> str:
    """The process of a member, from its subscription; "" where that says none, and while its group does not rest."""
    return _member_data(metadata).process if metadata else ""


def _member_data(metadata: bytes) -> _MemberData:
    user_data = ConsumerProtocol.METADATA.decode(metadata).user_data
    try:
        return msgspec.json.decode(user_data, type=_MemberData)
    except msgspec.DecodeError:
        return _MemberData()


async def group_members(bootstrap: str, group: str) -> Sequence[GroupMember]:
    """The members of a group, none where there is no such group. Raises KafkaError, BrokerUnavailable."""
    return (await _describe_group(bootstrap, group)).members


@dataclass(frozen=True, slots=True)
class GroupWorker:
    """A member of a group of workers; `partitions` are those of one topic that it was assigned, of `assigned_count`
    of all topics together.

    `process` is "" where the member does not say it, and while the group is being shared out.
    """

    name: str
    host: str
    process: str
    partitions: tuple[int, ...]
    assigned_count: int = 0
    group: str = ""


async def group_workers(bootstrap: str, group: str, topic: str) -> Sequence[GroupWorker]:
    """The members of a group with their partitions of a topic, by name; none where there is no such group.

    Raises KafkaError, BrokerUnavailable.
    """
    try:
        members = await group_members(bootstrap, group)
    except _NO_COORDINATOR:  # no group was ever made on this broker
        return ()
    return workers_of(group, members, topic)


def workers_of(group: str, members: Sequence[GroupMember], topic: str) -> Sequence[GroupWorker]:
    """The members of a group as workers with their partitions of a topic, by name."""
    workers = [
        GroupWorker(
            _MEMBER_SUFFIX.sub("", member_id),
            host.lstrip("/"),
            process_of(metadata),
            tuple(sorted(number for name, number in assigned if name == topic)),
            len(assigned),
            group,
        )
        for member_id, _, host, metadata, assignment, *_ in members
        for assigned in [_assigned_partitions(assignment)]
    ]
    return sorted(workers, key=attrgetter("name"))


def _assigned_partitions(assignment: bytes) -> Sequence[tuple[str, int]]:
    if not assignment:
        return ()
    return [
        (name, each)
        for name, numbers in ConsumerProtocol.ASSIGNMENT.decode(assignment).assignment
        for each in numbers
    ]


async def require_engine_version(settings: Settings, version: int) -> None:
    """Raises FormerWorkers while a worker runs whose engine does not know the version.

    Raises Unavailable when a group does not come to rest in time, BrokerUnavailable.
    """
    former = [
        member_name
        for name in WORKER_GROUPS
        for member_name in await _former_members(settings.bootstrap, group_id(settings.prefix, name), version)
    ]
    if former:
        raise FormerWorkers(
            f"these workers do not know engine version {version}: {', '.join(former)}; nothing was written. Replace"
            f" them by workers of this engine; one that is gone counts for {settings.session_ms / 1000:g} s more"
        )


async def _former_members(bootstrap: str, group: str, version: int) -> list[str]:
    group_now = await _await_rest(bootstrap, group)
    return [
        f"{member_id} of {group} on {str(host).lstrip('/')}"
        for member_id, _, host, metadata, *_ in group_now.members
        if engine_version(metadata) < version
    ]


async def _await_rest(bootstrap: str, group: str) -> DescribedGroup:
    """Waits until the broker knows the subscription of every member: not while the group is being shared out."""
    end = time.monotonic() + PATIENCE_SECONDS
    problem = ""
    while time.monotonic() < end:
        try:
            described = await _describe_group(bootstrap, group)
        except _NO_COORDINATOR as error:  # as while the broker makes the topic of its groups
            problem = type(error).__name__
        except KafkaError as error:
            raise Unavailable(f"the workers of {group} are not known, nothing was written: {error}") from error
        else:
            if described.state not in _UNSETTLED_STATES:
                return described
            problem = described.state
        await asyncio.sleep(_PAUSE_SECONDS)
    raise Unavailable(
        f"the workers of {group} are not known, nothing was written: the group does not come to rest ({problem})"
    )


async def _describe_group(bootstrap: str, group: str) -> DescribedGroup:
    async with admin_client(bootstrap) as admin:
        return await describe_group(admin, group)


async def describe_group(admin: AdminClient, group: str) -> DescribedGroup:
    """A group as it is now. Raises KafkaError.

    aiokafka reads only the first group of an answer: it does not expect what the broker writes behind each.
    """
    answers = await admin.describe_consumer_groups([group])
    for answer in answers:
        for code, _, state, _, _, members, *_ in answer.groups:
            if code:
                raise _error_of(code, group)
            return DescribedGroup(state, members)
    return DescribedGroup("Dead", ())


def _error_of(code: int, group: str) -> KafkaError:
    error: type[KafkaError] = for_code(code)
    return error(f"the consumer group {group} cannot be described")
