"""What the journal holds, followed as it is committed: for those who wait until it holds what they sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaConsumer

from schemas.topics import DEAD_LETTERS, JOURNAL, LEDGER_JOURNAL
from streams.engine.journal import records
from streams.kafka.clients import fetch_partitions
from streams.kafka.dead_letters import source_from_headers
from streams.kafka.partitions import SourcePartition
from streams.settings import Settings


@dataclass(slots=True)
class JournalUpdate:
    """What came: sources of events journaled or refused, and with their journal partition ticks and what releases
    bring: proposals, slices of the past, markers.
    """

    sources: list[tuple[SourcePartition, int]] = field(default_factory=list)
    ticks: list[tuple[int, records.Tick]] = field(default_factory=list)
    proposals: list[tuple[int, records.Proposal]] = field(default_factory=list)
    slices: list[tuple[int, records.Slice]] = field(default_factory=list)
    markers: list[tuple[int, records.Marker]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.sources or self.ticks or self.proposals or self.slices or self.markers)


class JournalFollower:
    """Reads the journal and the dead letters, committed records only, from where they end at the start."""

    def __init__(self, settings: Settings) -> None:
        self._bootstrap = settings.bootstrap
        self._journal = settings.prefix + JOURNAL.name
        self._ledger_journal = settings.prefix + LEDGER_JOURNAL.name
        self._dead_letters = settings.prefix + DEAD_LETTERS.name
        self._consumer: Any = AIOKafkaConsumer(
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
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def _seek_to_end(self) -> None:
        names = (self._journal, self._ledger_journal, self._dead_letters)
        there = await fetch_partitions(self._bootstrap, names)
        self.partitions = frozenset(place.partition for place in there[self._journal])
        places = [place for name in names for place in there[name]]
        self._consumer.assign(places)
        # The positions are asked for now, before anything is sent that one waits for.
        for place, end in (await self._consumer.end_offsets(places)).items():
            self._consumer.seek(place, end)

    async def poll(self, timeout_ms: int) -> JournalUpdate:
        """What was committed since the last call; empty when nothing comes within `timeout_ms`."""
        fetched = await self._consumer.getmany(timeout_ms=timeout_ms)
        seen = JournalUpdate()
        for place, batch in fetched.items():
            if place.topic == self._dead_letters:
                seen.sources.extend(_dead_letter_sources(batch))
            else:
                _add_records(seen, place.partition, batch, is_journal=place.topic == self._journal)
        return seen


def _add_records(update: JournalUpdate, partition: int, batch: Iterable[Any], *, is_journal: bool) -> None:
    """The ledger has ticks and markers of its own, which say nothing about the partitions of the journal."""
    for message in batch:
        try:
            record = records.decode(message.value)
        except msgspec.DecodeError:
            continue  # kinds of records that only the workers need to understand
        if isinstance(record, records.JournalEvent):
            topic, number, offset = record.source
            update.sources.append(((topic, number), offset))
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


def _dead_letter_sources(batch: Iterable[Any]) -> Iterable[tuple[SourcePartition, int]]:
    for message in batch:
        source = source_from_headers(message.headers)
        if source is not None:  # something else wrote it: it says nothing of what was sent
            topic, number, offset = source
            yield (topic, number), offset
