"""Follows the journal and the dead letters, for commands that wait until an event is in one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import msgspec
from aiokafka import AIOKafkaConsumer

from schemas.topics import DEAD_LETTERS, JOURNAL, LEDGER_JOURNAL
from streams.engine.journal import records
from streams.kafka.clients import fetch_partitions
from streams.kafka.dead_letters import source_from_headers
from streams.kafka.partitions import SourcePartition
from streams.kafka.protocols import ConsumedRecord, Consumer
from streams.kafka.reader import fetch_end_offsets, require_value, stop_consumer
from streams.settings import Settings


@dataclass(slots=True)
class JournalUpdate:
    """New records. `sources` are the sources of events that were journaled or refused; the other lists hold pairs of
    journal partition and record.
    """

    sources: list[tuple[SourcePartition, int]] = field(default_factory=list)
    ticks: list[tuple[int, records.Tick]] = field(default_factory=list)
    proposals: list[tuple[int, records.Proposal]] = field(default_factory=list)
    slices: list[tuple[int, records.Slice]] = field(default_factory=list)
    markers: list[tuple[int, records.Marker]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.sources or self.ticks or self.proposals or self.slices or self.markers)


class JournalFollower:
    """Reads committed records from the ends that the topics have at the start. An async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._bootstrap = settings.bootstrap
        self._journal = settings.prefix + JOURNAL.name
        self._ledger_journal = settings.prefix + LEDGER_JOURNAL.name
        self._dead_letters = settings.prefix + DEAD_LETTERS.name
        self._consumer: Consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            isolation_level="read_committed",
            enable_auto_commit=False,
            fetch_max_wait_ms=20,
            client_id="leadstream-publish",
        )
        self.partitions: frozenset[int] = frozenset()

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        try:
            await self._seek_to_end()
        except BaseException:
            await stop_consumer(self._consumer)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await stop_consumer(self._consumer)

    async def _seek_to_end(self) -> None:
        names = (self._journal, self._ledger_journal, self._dead_letters)
        by_topic = await fetch_partitions(self._bootstrap, names)
        self.partitions = frozenset(partition.partition for partition in by_topic[self._journal])
        # Fetch the ends now, before the caller sends the events that it waits for.
        ends = await fetch_end_offsets(self._consumer, [partition for name in names for partition in by_topic[name]])
        for partition, end in ends.items():
            self._consumer.seek(partition, end)

    async def poll(self, timeout_ms: int) -> JournalUpdate:
        """Returns the records committed since the last call; an empty update after `timeout_ms` without any."""
        batches = await self._consumer.getmany(timeout_ms=timeout_ms)
        update = JournalUpdate()
        for partition, batch in batches.items():
            if partition.topic == self._dead_letters:
                update.sources.extend(_dead_letter_sources(batch))
            else:
                _add_records(update, partition.partition, batch, is_journal=partition.topic == self._journal)
        return update


def _add_records(update: JournalUpdate, partition: int, batch: Iterable[ConsumedRecord], *, is_journal: bool) -> None:
    """Adds a batch; of the ledger's journal only events count, its ticks and markers concern no journal partition."""
    for message in batch:
        try:
            record = records.decode(require_value(message))
        except msgspec.DecodeError:
            continue  # a type of record that only workers have to understand
        if isinstance(record, records.JournalEvent):
            topic, source_partition, offset = record.source
            update.sources.append(((topic, source_partition), offset))
        elif not is_journal:
            continue
        elif isinstance(record, records.Tick):
            update.ticks.append((partition, record))
        elif isinstance(record, records.Proposal):
            update.proposals.append((partition, record))
        elif isinstance(record, records.Slice):
            update.slices.append((partition, record))
        else:
            update.markers.append((partition, record))


def _dead_letter_sources(batch: Iterable[ConsumedRecord]) -> Iterable[tuple[SourcePartition, int]]:
    for message in batch:
        source = source_from_headers(message.headers)
        if source is not None:
            topic, partition, offset = source
            yield (topic, partition), offset
