"""Reads the releases on the topic `definitions`, follows them, and adds new ones."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import msgspec
from aiokafka import TopicPartition

from schemas.engine_versions import OLDEST_VERSION, EngineVersion
from schemas.topics import DEFINITIONS
from schemas.values import instant_text
from streams.engine.releases.release_log import Release, ReleaseLog, VoidRelease, next_document
from streams.errors import Internal, UsageError
from streams.kafka.clients import fetch_partitions, open_producer
from streams.kafka.protocols import ConsumedRecord, Consumer
from streams.kafka.reader import FOLLOW_WAIT_MS, follow, open_consumer, read_to_end
from streams.kafka.worker_groups import require_engine_version
from streams.runtime.completion import run_to_end
from streams.settings import Clock, Settings

CLIENT = "leadstream-releases"

RELEASE_BYTES = 8 << 20
"""The most bytes that a release's record may have before it is compressed."""

_encode = msgspec.json.Encoder().encode


async def read_releases(consumer: Consumer, partition: TopicPartition, log: ReleaseLog) -> None:
    """Adds the releases after the log's last one up to the present end. Raises BrokerUnavailable.

    They are validated in a thread: a long history would else hold back all other work of the loop for seconds. Where
    it is cancelled, the log keeps what was added, and the next call goes on from there.
    """
    async for record in read_to_end(consumer, [partition], starts={partition: log.next_offset}):
        await run_to_end(_add_in_thread(log, record))


def releases_in_order(log: ReleaseLog) -> list[Release]:
    """Returns the releases of every account in the order in which they were applied."""
    releases = [each for account in log.accounts() for each in log.releases_of(account)]
    return sorted(releases, key=lambda release: release.offset)


class ReleaseFollower:
    """Knows the releases of every account while `follow` runs. An async context manager.

    Entering it reads all existing releases. Raises BrokerUnavailable, TopicsMissing.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._log = ReleaseLog(settings.clock)
        self._stack = AsyncExitStack()
        self._consumer: Consumer | None = None

    async def __aenter__(self) -> Self:
        bootstrap = self._settings.bootstrap
        partition = await _definitions_partition(self._settings)
        async with AsyncExitStack() as stack:
            consumer = open_consumer(bootstrap, CLIENT, fetch_wait_ms=FOLLOW_WAIT_MS)
            self._consumer = await stack.enter_async_context(consumer)
            await read_releases(self._consumer, partition, self._log)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def latest(self, account: str) -> Release | None:
        """Returns the account's latest release; None when it has none."""
        return self._log.latest(account)

    def all_releases(self) -> list[Release]:
        """Returns the releases of every account in the order in which they were applied."""
        return releases_in_order(self._log)

    async def follow(self) -> None:
        """Reads new releases until it is cancelled. Raises KafkaError."""
        assert self._consumer is not None, "enter the follower first"
        async for batches in follow(self._consumer):
            for batch in batches.values():
                for record in batch:
                    _add_release(self._log, record)


class ReleaseRepository:
    """Reads and writes the releases of a deployment with the clock `clock`. Every call first reads new records."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._topic = settings.prefix + DEFINITIONS.name
        self._clock = clock
        self._log = ReleaseLog(clock)

    @property
    def next_offset(self) -> int:
        """The offset after the last record that it knows; 0 before the first."""
        return self._log.next_offset

    async def latest(self, account: str) -> Release | None:
        """Returns the account's latest release; None when it has none. Raises BrokerUnavailable, TopicsMissing."""
        await self._read_new_records()
        return self._log.latest(account)

    async def read_log(self) -> ReleaseLog:
        """Returns all releases on the topic now. Raises BrokerUnavailable, TopicsMissing."""
        await self._read_new_records()
        return self._log

    def require_not_future(self, at: int | None) -> None:
        """Raises UsageError for a future instant (ms) on the wall clock: it would be cut to the arrival."""
        if self._clock == "wall" and at is not None and at > time.time() * 1000:
            raise UsageError(
                f"{instant_text(at)} is still to come; on the wall clock there is no applying in advance,"
                " a release takes effect when it arrives"
            )

    async def write_release(
        self, account: str, document: Mapping[str, Any], based_on: int, at: int | None = None
    ) -> Release | VoidRelease:
        """Writes one record; returns the release, or the void release, that it becomes. `at` is in ms.

        Raises DefinitionsRefused for a lower engine version than the account's, FormerWorkers for a higher one
        while a worker runs that does not know it, BrokerUnavailable, TopicsMissing.
        """
        latest = await self.latest(account)
        document = next_document(document, latest)
        version = document.get("engine_version", OLDEST_VERSION)
        if version > (OLDEST_VERSION if latest is None else latest.definitions.engine_version):
            await self._require_workers(version)
        id_ = f"release-{uuid.uuid4()}"
        record: dict[str, Any] = {"type": "definitions.applied", "id": id_, "account": account, "based_on": based_on}
        if at is not None:
            record["at"] = instant_text(at)
        await self._send_record(account, _encode(record | {"definitions": document}))
        log = await self.read_log()
        releases: list[Release | VoidRelease] = [*log.releases_of(account), *log.void_releases]
        for release in releases:
            if release.id == id_:
                return release
        raise Internal(f"the release {id_} was acknowledged and is not in the topic {self._topic}")

    async def _require_workers(self, version: EngineVersion) -> None:
        await require_engine_version(self._settings, version)

    async def _send_record(self, account: str, value: bytes) -> None:
        # Ten thousand segments are more than 1 MB of JSON; the broker's limit is on the compressed batch.
        async with open_producer(
            self._settings.bootstrap,
            compression_type="gzip",
            max_request_size=RELEASE_BYTES,
            max_batch_size=RELEASE_BYTES,
        ) as producer:
            await producer.send_and_wait(self._topic, value, account.encode())

    async def _read_new_records(self) -> None:
        partition = await _definitions_partition(self._settings)
        async with open_consumer(self._settings.bootstrap, CLIENT) as consumer:
            await read_releases(consumer, partition, self._log)


async def _definitions_partition(settings: Settings) -> TopicPartition:
    topic = settings.prefix + DEFINITIONS.name
    return (await fetch_partitions(settings.bootstrap, [topic]))[topic][0]


async def _add_in_thread(log: ReleaseLog, record: ConsumedRecord) -> None:
    # Only the loop changes the log: those who read it there would else see it change under their hands.
    log.append(await asyncio.to_thread(log.parse, record.offset, record.timestamp, record.key, record.value))


def _add_release(log: ReleaseLog, record: ConsumedRecord) -> None:
    log.add(record.offset, record.timestamp, record.key, record.value)
