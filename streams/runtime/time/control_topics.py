"""Reads the control topics, which every slot must see, with one consumer per worker outside the group.

`definitions`, `clock` and `claims` have one partition each. A slot acts on their records in its own transaction and
from its own position, so reading a record twice, or late, is harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import CLAIMS, CLOCK, DEFINITIONS
from schemas.values import instant_ms
from streams.errors import BrokerUnavailable
from streams.kafka.partitions import Partition
from streams.kafka.protocols import ConsumedRecord, Consumer
from streams.kafka.reader import follow
from streams.runtime.fatal import die
from streams.runtime.faust.fetch_connection import separate_fetches, stop_polling
from streams.runtime.faust.metadata import fetch_partition_counts
from streams.runtime.spec import AppSpec
from streams.runtime.time import claims as claim_records
from streams.runtime.time.ticks import ClockAdvance, ControlState, marker_at_arrival
from streams.settings import Settings

log = structlog.get_logger()

FETCH_WAIT_MS = 2_000
PROGRESS_SECONDS = 0.05
CATCH_UP_SECONDS = 60.0


class _ClockRecord(msgspec.Struct):
    """The value of a record of the topic `clock`."""

    account: str
    at: str
    ends: dict[str, int]


_decode_clock_record = msgspec.json.Decoder(_ClockRecord).decode


class ControlTopicReader:
    """Keeps `control_state` current. Calls `on_claims` when only claims of the app's in-topics came, `on_control` for
    other records.
    """

    def __init__(
        self, settings: Settings, spec: AppSpec, on_claims: Callable[[], None], on_control: Callable[[], None]
    ) -> None:
        self.control_state = ControlState()
        self._settings = settings
        self._on_claims = on_claims
        self._on_control = on_control
        self._sources = frozenset(topic.name for topic in spec.sources)
        self._releases = spec.releases() if spec.releases is not None else None
        self._consumer: Consumer | None = None
        self._task: asyncio.Task[None] | None = None
        self._progress = asyncio.Condition()
        self._claims_topic = settings.prefix + CLAIMS.name
        self._handlers: dict[str, Callable[[ConsumedRecord], bool]] = {
            self._claims_topic: self._read_claim,
            settings.prefix + CLOCK.name: self._read_clock,
            settings.prefix + DEFINITIONS.name: self._read_definition,
        }
        self._tps = [TopicPartition(topic, 0) for topic in self._handlers]

    async def start(self) -> None:
        """Starts reading from the beginning; does nothing when it runs already."""
        await self._started_consumer()

    async def _started_consumer(self) -> Consumer:
        if self._consumer is not None:
            return self._consumer
        consumer: Consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        separate_fetches(consumer)
        await consumer.start()
        stop_polling(consumer)
        consumer.assign(self._tps)
        await consumer.seek_to_beginning(*self._tps)
        self._consumer = consumer
        self._task = asyncio.create_task(self._read_loop(consumer), name="control topics")
        return consumer

    async def stop(self) -> None:
        """Stops reading."""
        if self._task is None or self._consumer is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        consumer, self._task, self._consumer = self._consumer, None, None
        await consumer.stop()

    async def partition_counts(self, topics: Sequence[str]) -> Mapping[str, int]:
        """The partition counts of topics.

        Raises BrokerUnavailable for one that the broker does not show: it was there when the worker started, and the
        next start finds out whether it still is.
        """
        counts = await fetch_partition_counts(await self._started_consumer(), topics)
        missing = [topic for topic, count in counts.items() if not count]
        if missing:
            raise BrokerUnavailable(f"the broker does not show topics that were there before: {', '.join(missing)}")
        return counts

    async def catch_up(self) -> None:
        """Returns when the topics are read up to their present ends. Raises TimeoutError after a minute."""
        consumer = await self._started_consumer()
        ends = await consumer.end_offsets(self._tps)

        async with asyncio.timeout(CATCH_UP_SECONDS):
            for tp, offset in ends.items():
                while await consumer.position(tp) < offset:
                    # A position also moves over control records, which no fetch returns.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(PROGRESS_SECONDS), self._progress:
                            await self._progress.wait()

    async def _read_loop(self, consumer: Consumer) -> None:
        try:
            async for fetched in follow(consumer, FETCH_WAIT_MS):
                if not fetched:
                    continue
                news = {tp.topic for tp, records in fetched.items() if self._read(tp.topic, records)}
                async with self._progress:
                    self._progress.notify_all()
                if news - {self._claims_topic}:
                    self._on_control()
                elif news:
                    self._on_claims()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # a worker that reads no claims and no releases must not go on
            die("what every slot must see cannot be read", error)

    def _read(self, topic: str, records: Sequence[ConsumedRecord]) -> bool:
        """Whether one of these records is news."""
        return sum(self._handlers[topic](record) for record in records) > 0

    def _read_claim(self, record: ConsumedRecord) -> bool:
        claims = self.control_state.claims
        try:
            partition = Partition.parse((record.key or b"").decode())
            if partition.topic not in self._sources:  # another app's: it tells the broker's time, and wakes nobody
                claims.broker_time = max(claims.broker_time, record.timestamp)
                return False
            claim = claim_records.decode(record.value or b"")
        except (msgspec.DecodeError, ValueError):
            log.warning("a record that is no claim", offset=record.offset)
            return False
        if not claims.add(partition, claim, record.timestamp):
            log.warning("a claim ahead of the broker's time", partition=str(partition), worker=claim.worker)
        return True

    def _read_clock(self, record: ConsumedRecord) -> bool:
        try:
            advance = _decode_clock_record(record.value or b"")
            at = instant_ms(advance.at)
            ends = {Partition.parse(name): offset for name, offset in advance.ends.items()}
        except (msgspec.DecodeError, ValueError):
            log.warning("a record that advances no clock", offset=record.offset)
            return False
        self.control_state.advances.append(ClockAdvance(record.offset, advance.account, at, ends))
        return True

    def _read_definition(self, record: ConsumedRecord) -> bool:
        if self._releases is None:
            return False
        marker = self._releases.add(record.offset, record.timestamp, record.key, record.value)
        if marker is None:
            return False
        if self._settings.clock == "wall":
            marker = marker_at_arrival(marker, record.timestamp)
        self.control_state.markers.append(marker)
        return True
