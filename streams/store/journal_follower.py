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
from streams.kafka.clients import partitions_of
from streams.kafka.dead_letters import source_of
from streams.kafka.partitions import Source
from streams.settings import Settings


@dataclass(slots=True)
class Seen:
    """What came: sources of events journaled or refused, and with their journal partition ticks and what releases
    bring: proposals, slices of the past, markers.
    """

    sources: list[tuple[Source, int]] = field(default_factory=list)
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
        self._ledger = settings.prefix + LEDGER_JOURNAL.name
        self._letters = settings.prefix + DEAD_LETTERS.name
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
            await self._take_place()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def _take_place(self) -> None:
        names = (self._journal, self._ledger, self._letters)
        there = await partitions_of(self._bootstrap, names)
        self.partitions = frozenset(place.partition for place in there[self._journal])
        places = [place for name in names for place in there[name]]
        self._consumer.assign(places)
        # The positions are asked for now, before anything is sent that one waits for.
        for place, end in (await self._consumer.end_offsets(places)).items():
            self._consumer.seek(place, end)

    async def next(self, timeout_ms: int) -> Seen:
        """What was committed since the last call; empty when nothing comes within `timeout_ms`."""
        fetched = await self._consumer.getmany(timeout_ms=timeout_ms)
        seen = Seen()
        for place, batch in fetched.items():
            if place.topic == self._letters:
                seen.sources.extend(_refused(batch))
            else:
                _take(seen, place.partition, batch, of_contacts=place.topic == self._journal)
        return seen


def _take(seen: Seen, partition: int, batch: Iterable[Any], *, of_contacts: bool) -> None:
    """The ledger has ticks and markers of its own, which say nothing about the partitions of the journal."""
    for message in batch:
        try:
            record = records.decode(message.value)
        except msgspec.DecodeError:
            continue  # kinds of records that only the workers need to understand
        if isinstance(record, records.Event):
            topic, number, offset = record.source
            seen.sources.append(((topic, number), offset))
        elif not of_contacts:
            continue
        elif isinstance(record, records.Tick):
            seen.ticks.append((partition, record))
        elif isinstance(record, records.Proposal):
            seen.proposals.append((partition, record))
        elif isinstance(record, records.Slice):
            seen.slices.append((partition, record))
        else:
            seen.markers.append((partition, record))


def _refused(batch: Iterable[Any]) -> Iterable[tuple[Source, int]]:
    for message in batch:
        source = source_of(message.headers)
        if source is not None:  # something else wrote it: it says nothing of what was sent
            topic, number, offset = source
            yield (topic, number), offset
