"""The clients of a member of the group `leadstream-crm`: its consumer, its producer, and what people command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata

from agents.crm.handovers.ownership import Ownership
from agents.crm.handovers.stopped_reader import StoppedReader
from schemas.topics import QUALIFIED_LEADS
from streams.kafka.clients import admin_client, wait_for_brokers
from streams.kafka.protocols import AdminClient, Consumer, Producer
from streams.kafka.reader import FetchedRecords, open_consumer, stop_consumer
from streams.kafka.worker_groups import group_id, with_engine_version
from streams.runtime.faust.metadata import mend_metadata
from streams.settings import Settings
from streams.store.handovers.commands import CommandFollower, CrmCommands
from streams.store.handovers.progress import HandOverProgress, read_progress

# While Salesforce is away nothing is fetched, perhaps for hours; heartbeats show that the process is alive.
NOT_FETCHING_MS = 86_400_000


class VersionedAssignor(RoundRobinPartitionAssignor):  # type: ignore[misc]  # aiokafka publishes no types
    """aiokafka's own assignor; the subscription says the engine version."""

    @classmethod
    def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """The subscription of a member to these topics."""
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), with_engine_version())


@dataclass(frozen=True, slots=True)
class GroupClients:
    """The clients, started."""

    group: str
    consumer: Consumer
    producer: Producer
    reader: StoppedReader
    ahead: StoppedReader
    """Reads what the group has not read yet, while much waits."""
    idle_consumer: Consumer
    """Fetches nothing, so that a question for offsets does not wait behind a fetch."""
    admin: AdminClient
    follower: CommandFollower
    following: asyncio.Task[None]

    @property
    def commands(self) -> CrmCommands:
        """The commands that stand now. Raises KafkaError where they cannot be followed any more."""
        if self.following.done():
            self.following.result()
        return self.follower.commands

    async def fetch(self, wait_ms: float, max_records: int) -> FetchedRecords:
        """The next records of the group. Raises KafkaError."""
        self.consumer.resume(*self.consumer.assignment())
        return await self.consumer.getmany(timeout_ms=int(wait_ms), max_records=max_records)

    async def fetch_nothing(self, wait_ms: float) -> FetchedRecords:
        """Waits while nothing more is fetched; a record that was fetched before may still come. Raises KafkaError."""
        self.consumer.pause(*self.consumer.assignment())
        return await self.consumer.getmany(timeout_ms=int(wait_ms), max_records=1)

    def stable_end(self, partition: TopicPartition) -> int | None:
        """The end of a partition's committed records, as the last fetch told; None before."""
        if partition not in self.consumer.assignment():
            return None
        end: int | None = self.consumer.last_stable_offset(partition)
        return end

    async def fetch_ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Where the committed records of partitions end now. Raises KafkaError."""
        ends: Mapping[TopicPartition, int] = await self.idle_consumer.end_offsets(partitions)
        return ends

    async def read_progress(self, partition: TopicPartition) -> HandOverProgress | None:
        """What the group has committed of a partition. Raises BrokerUnavailable."""
        return (await read_progress(self.admin, self.group, [partition])).get(partition)


@asynccontextmanager
async def open_group_clients(settings: Settings, ownership: Ownership) -> AsyncIterator[GroupClients]:
    """The clients; the commands that stand are known. Raises KafkaError, BrokerUnavailable, TopicsMissing."""
    group = group_id(settings.prefix, "crm")
    consumer: Consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap,
        group_id=group,
        partition_assignment_strategy=[VersionedAssignor],
        # A named worker is a static member: after a crash it goes on without a rebalance.
        group_instance_id=f"{settings.name}-crm" if settings.name else None,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=settings.session_ms,
        heartbeat_interval_ms=settings.session_ms // 3,
        max_poll_interval_ms=NOT_FETCHING_MS,
    )
    mend_metadata(consumer)
    producer: Producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap, acks="all", enable_idempotence=True, linger_ms=5
    )
    wait_for_brokers(producer.client)
    consumer.subscribe([settings.prefix + QUALIFIED_LEADS.name], listener=ownership)
    async with (
        CommandFollower(settings) as follower,
        StoppedReader(settings.bootstrap) as reader,
        StoppedReader(settings.bootstrap) as ahead,
        open_consumer(settings.bootstrap, "leadstream-crm") as idle_consumer,
        admin_client(settings.bootstrap) as admin,
    ):
        following = asyncio.create_task(follower.follow())
        try:
            await consumer.start()
            await producer.start()
            yield GroupClients(group, consumer, producer, reader, ahead, idle_consumer, admin, follower, following)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await producer.stop()
            await stop_consumer(consumer)
