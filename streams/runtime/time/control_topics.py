"""Reads the control topics, which every slot must see, with one consumer per worker outside the group.

`definitions`, `clock` and `claims` have one partition each. A slot acts on their records in its own transaction and
from its own position, so reading a record twice, or late, is harmless. Of `clock`, which grows with every day, only
what a slot has not answered is read and held (clock_advances.py).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.topics import CLAIMS, CLOCK, DEFINITIONS
from schemas.values import instant_ms
from streams.errors import BrokerUnavailable
from streams.kafka.partitions import Partition
from streams.kafka.protocols import ConsumedRecord, Consumer
from streams.kafka.reader import follow, open_consumer, read_to_end
from streams.runtime.fatal import die, error_summary
from streams.runtime.faust.fetch_connection import separate_fetches, stop_polling
from streams.runtime.faust.metadata import fetch_partition_counts, mend_metadata
from streams.runtime.spec import AppSpec
from streams.runtime.time import claims as claim_records
from streams.runtime.time.clock_advances import STRETCH_ADVANCES, ClockAdvance, ClockAdvances
from streams.runtime.time.ticks import ControlState, marker_at_arrival
from streams.settings import Settings

log = structlog.get_logger()

FETCH_WAIT_MS = 2_000
PROGRESS_SECONDS = 0.05
CATCH_UP_SECONDS = 60.0
STRETCH_BYTES = 1 << 16
RETRY_SECONDS = 1.0


class _ClockRecord(msgspec.Struct):
    """The value of a record of the topic `clock`."""

    account: str
    at: str
    ends: dict[str, int]


_decode_clock_record = msgspec.json.Decoder(_ClockRecord).decode
_parse_partition = lru_cache(maxsize=10_000)(Partition.parse)  # the same ones in every record


class ControlTopicReader:
    """Keeps `control_state` current. Calls `on_claims` when only claims of the app's in-topics came, `on_control` for
    other records.
    """

    def __init__(
        self, settings: Settings, spec: AppSpec, on_claims: Callable[[], None], on_control: Callable[[], None]
    ) -> None:
        self.control_state = ControlState(advances=ClockAdvances(2 * spec.slots + 1, self._start_reading_back))
        self._settings = settings
        self._on_claims = on_claims
        self._on_control = on_control
        self._sources = frozenset(topic.name for topic in spec.sources)
        self._releases = spec.releases() if spec.releases is not None else None
        self._consumer: Consumer | None = None
        self._task: asyncio.Task[None] | None = None
        self._progress = asyncio.Condition()
        self._back_task: asyncio.Task[None] | None = None
        self._claims_topic = settings.prefix + CLAIMS.name
        self._clock = TopicPartition(settings.prefix + CLOCK.name, 0)
        self._handlers: dict[str, Callable[[ConsumedRecord], bool]] = {
            self._claims_topic: self._read_claim,
            self._clock.topic: self._read_clock,
            settings.prefix + DEFINITIONS.name: self._read_definition,
        }
        self._tps = [TopicPartition(topic, 0) for topic in self._handlers]

    async def start(self) -> None:
        """Starts reading from the beginning, `clock` from its end; does nothing when it runs already."""
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
        mend_metadata(consumer)
        await consumer.start()
        stop_polling(consumer)
        consumer.assign(self._tps)
        clock_end = (await consumer.end_offsets([self._clock]))[self._clock]
        self.control_state.advances.start(clock_end)
        consumer.seek(self._clock, clock_end)
        await consumer.seek_to_beginning(*(tp for tp in self._tps if tp != self._clock))
        self._consumer = consumer
        self._task = asyncio.create_task(self._read_loop(consumer), name="control topics")
        return consumer

    async def stop(self) -> None:
        """Stops reading."""
        if self._task is None or self._consumer is None:
            return
        tasks = [task for task in (self._task, self._back_task) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
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
        advance = _clock_advance(record)
        if advance is not None:
            self.control_state.advances.add(advance)
        return advance is not None

    def _start_reading_back(self) -> None:
        """A slot asks for records of `clock` from before the worker's start, or for such as are not held any more."""
        if self._back_task is None or self._back_task.done():
            self._back_task = asyncio.create_task(self._read_back(), name="clock")

    async def _read_back(self) -> None:
        advances = self.control_state.advances
        try:
            while advances.missing:
                try:
                    async with open_consumer(
                        self._settings.bootstrap, "leadstream-clock", fetch_bytes=STRETCH_BYTES
                    ) as consumer:
                        while advances.missing:
                            await self._read_stretch(consumer, min(advances.missing))
                            self._on_control()
                except (KafkaError, BrokerUnavailable) as error:  # time waits meanwhile
                    log.warning("the clock is read again", cause=error_summary(error))
                    await asyncio.sleep(RETRY_SECONDS)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # without it the time of accounts stops
            die("the topic clock cannot be read", error)

    async def _read_stretch(self, consumer: Consumer, start: int) -> None:
        advances, stretch, end = self.control_state.advances, list[ClockAdvance](), start
        while not stretch and end < advances.end:
            begin, end = end, min(end + STRETCH_ADVANCES, advances.end)
            reading = read_to_end(consumer, [self._clock], starts={self._clock: begin}, ends={self._clock: end})
            stretch = [advance async for record in reading if (advance := _clock_advance(record)) is not None]
            if not stretch:  # a retention may have taken more away than that
                beginning = (await consumer.beginning_offsets([self._clock]))[self._clock]
                end = max(end, min(beginning, advances.end))
        advances.add_missing(start, end, stretch)

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


def _clock_advance(record: ConsumedRecord) -> ClockAdvance | None:
    """What a record of `clock` says; None for one that no Leadstream wrote."""
    try:
        advance = _decode_clock_record(record.value or b"")
        at = instant_ms(advance.at)
        ends = {_parse_partition(name): offset for name, offset in advance.ends.items()}
    except (msgspec.DecodeError, ValueError):
        log.warning("a record that advances no clock", offset=record.offset)
        return None
    return ClockAdvance(record.offset, advance.account, at, ends)
