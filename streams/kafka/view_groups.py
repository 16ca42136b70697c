"""The consumer groups of the read models: one for each Redis that they are in.

A group only shares the partitions out among those that write into one Redis; where to read on stands in Redis. Two
Redis servers in one group would get half of the outputs each.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import DeleteGroupsRequest

from streams.errors import BrokerUnavailable
from streams.kafka.clients import admin_client, wait_for_brokers
from streams.kafka.protocols import AdminClient
from streams.kafka.worker_groups import GroupWorker, describe_group, group_id, workers_of
from streams.settings import Settings

PATIENCE_SECONDS = 30.0
REMOVAL_SECONDS = 5.0
_PAUSE_SECONDS = 0.2
_EMBEDDED = "embedded-"


@dataclass(frozen=True, slots=True)
class ViewGroup:
    """A group of read models with its workers; `name` is "" for the one that no setting names."""

    id: str
    name: str
    workers: Sequence[GroupWorker] = ()

    @property
    def is_embedded(self) -> bool:
        """Whether its Redis is one that `serve` started, and that ends with it."""
        return is_embedded(self.name)


def new_embedded_name() -> str:
    """The name of the group of a Redis that ends with this process."""
    return f"{_EMBEDDED}{uuid.uuid4().hex[:12]}"


def is_embedded(name: str | None) -> bool:
    """Whether the group of this name is that of a Redis that ends with its process."""
    return name is not None and name.startswith(_EMBEDDED)


def view_group_id(settings: Settings) -> str:
    """The group of those that write into the Redis of these settings."""
    name = "views" if settings.views_group is None else f"views-{settings.views_group}"
    return group_id(settings.prefix, name)


async def read_view_groups(settings: Settings, topic: str) -> Sequence[ViewGroup]:
    """The group of these settings first, though nobody may be in it, then the others of the deployment by name.

    `topic` is the one whose partitions are those of a worker. An embedded Redis without workers has ended, and is
    left out. Raises BrokerUnavailable.
    """
    own = view_group_id(settings)
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_SECONDS
    problem = ""
    async with admin_client(settings.bootstrap) as admin:
        while loop.time() < end:
            try:
                found = await _find_groups(admin, settings.prefix, topic)
            except KafkaError as error:  # as while a coordinator moves
                problem = type(error).__name__
            else:
                others = [each for each in found if each.id != own and (each.workers or not each.is_embedded)]
                return [
                    next((each for each in found if each.id == own), ViewGroup(own, settings.views_group or "")),
                    *others,
                ]
            await asyncio.sleep(_PAUSE_SECONDS)
    raise BrokerUnavailable(f"the groups of the read models are not known: {problem}; see that every broker runs")


async def _find_groups(admin: AdminClient, prefix: str, topic: str) -> list[ViewGroup]:
    first = group_id(prefix, "views")
    listed = {group for group, *_ in await admin.list_consumer_groups()}
    ids = [each for each in sorted(listed) if each == first or each.startswith(f"{first}-")]
    members = {each: (await describe_group(admin, each)).members for each in ids}
    return [
        ViewGroup(each, each.removeprefix(first).removeprefix("-"), workers_of(each, members[each], topic))
        for each in ids
    ]


async def remove_group(bootstrap: str, group: str) -> str | None:
    """Removes a group that nobody is in any more; returns what hindered it. Kafka removes such a group later."""
    try:
        async with asyncio.timeout(REMOVAL_SECONDS):
            await _delete_group(bootstrap, group)
    except (KafkaError, OSError) as error:  # TimeoutError is an OSError
        return type(error).__name__
    return None


async def _delete_group(bootstrap: str, group: str) -> None:
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    wait_for_brokers(client)
    try:
        await client.bootstrap()
        node = await client.coordinator_lookup(CoordinationType.GROUP, group)
        answer = await client.send(node, DeleteGroupsRequest([group]))
    finally:
        await client.close()
    for _, code in answer.results:
        if code:
            raise for_code(code)
