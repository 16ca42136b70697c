"""The very same engine over a broker's own `definitions` and journal, beside the workers that run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.definitions import Definitions
from streams.engine.contact import Contact
from streams.engine.effects import Budget, Output
from streams.engine.partition import PartitionDecider
from streams.engine.releases import ReleaseLog
from streams.engine.repeats import Memory
from streams.errors import TopicsMissing, Unavailable
from streams.publish.partitions import partitions_of
from streams.runtime.deployment import read_deployment
from streams.runtime.reach import answering
from streams.settings import Settings
from streams.state import Row, state_rows
from streams.topics import DEFINITIONS, JOURNAL

PORTION = Budget(records=20_000, bytes=1 << 40)
POLL_MS = 1_000
PATIENCE = 30
"""Polls without a record before the end after which the broker is said not to answer."""

Advance = Callable[[int, int], None]
"""Told how many journal records are decided, and how many there are."""


class JournalReplay:
    """Decides the journal from its beginning up to its end at the start. `write` gets each output."""

    def __init__(self, settings: Settings, write: Callable[[Output], None], advance: Advance) -> None:
        self._settings = settings
        self._write = write
        self._advance = advance
        self._done = 0
        self._total = 0
        self.refused = 0
        self._releases = ReleaseLog(settings.clock)
        self._deciders: list[PartitionDecider] = []

    async def run(self) -> None:
        """One journal partition after the other. Raises TopicsMissing, BrokerUnavailable, Unavailable."""
        settings = self._settings
        deployment = await read_deployment(settings.bootstrap, settings.prefix)
        if deployment is None:
            raise TopicsMissing("these topics were not made by Leadstream; `leadstream topics create` makes them")
        self._releases = ReleaseLog(deployment.clock)
        journal, definitions = settings.prefix + JOURNAL.name, settings.prefix + DEFINITIONS.name
        places = await partitions_of(settings.bootstrap, [journal, definitions])
        async with _consumer(settings.bootstrap) as consumer:
            # The journal's ends come first: whatever release stands before them is in `definitions` by then.
            ends = await _ends(consumer, places[journal])
            released = await _ends(consumer, places[definitions])
            async for record in _records(consumer, places[definitions][0], released):
                self._releases.add(record.offset, record.timestamp, record.key, record.value)
            self._total = sum(ends.values())
            for place in places[journal]:
                await self._replay(consumer, place, ends)

    def state(self) -> Iterator[Row]:
        """Memberships and leads at the end of the journal, points as of each contact's clock."""
        clocks: dict[tuple[str, str], int] = {}
        contacts: list[Contact] = []
        for decider in self._deciders:
            for contact in decider.contacts():
                contacts.append(contact)
                clocks[contact.account, contact.id] = decider.clock_of(contact)
        return state_rows(contacts, self._in_force, lambda contact: clocks[contact.account, contact.id])

    def _in_force(self, account: str) -> Definitions | None:
        latest = self._releases.latest(account)
        return latest.content if latest else None

    async def _replay(self, consumer: Any, place: TopicPartition, ends: dict[TopicPartition, int]) -> None:
        memory = Memory(self._settings.repeat_ms, self._settings.repeat_ids)
        decider = PartitionDecider(place.partition, self._content, memory, lateness=self._settings.lateness_ms)
        decider.resume(None)
        self._deciders.append(decider)
        before = self._done
        fed = 0
        async for record in _records(consumer, place, ends):
            decider.feed(record.offset, record.key, record.value)
            fed += 1
            if fed % PORTION.records == 0:
                self._decide(decider)
                self._advance(before + record.offset + 1, self._total)
        self._decide(decider)
        self._done = before + ends[place]
        self._advance(self._done, self._total)

    def _decide(self, decider: PartitionDecider) -> None:
        while decider.pending():
            effects = decider.work(PORTION)
            self.refused += len(effects.letters)
            for output in effects.outputs:
                self._write(output)

    def _content(self, account: str, number: int) -> Definitions:
        return self._releases.get(account, number).content


@asynccontextmanager
async def _consumer(bootstrap: str) -> AsyncIterator[Any]:
    with answering(bootstrap):
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            isolation_level="read_committed",
            enable_auto_commit=False,
            client_id="leadstream-replay",
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()


async def _ends(consumer: Any, places: list[TopicPartition]) -> dict[TopicPartition, int]:
    consumer.assign(places)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
    return ends


async def _records(consumer: Any, place: TopicPartition, ends: dict[TopicPartition, int]) -> AsyncIterator[Any]:
    """The committed records of a partition, from its beginning up to its end."""
    consumer.assign([place])
    await consumer.seek_to_beginning(place)
    silent = 0
    while await consumer.position(place) < ends[place]:
        fetched = (await consumer.getmany(place, timeout_ms=POLL_MS)).get(place, [])
        silent = 0 if fetched else silent + 1
        if silent > PATIENCE:
            raise Unavailable(
                f"{place.topic}-{place.partition} cannot be read to its end; is a transaction left open?"
            )
        for record in fetched:
            if record.offset < ends[place]:
                yield record
