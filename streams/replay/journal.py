"""The very same engine over a broker's own `definitions` and journal, beside the workers that run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from aiokafka import TopicPartition

from schemas.definitions import Definitions
from schemas.topics import DEFINITIONS, JOURNAL
from streams.engine.journal.effects import Budget, Output
from streams.engine.partition.decider import PartitionDecider
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import Memory
from streams.errors import TopicsMissing
from streams.kafka.clients import partitions_of
from streams.kafka.deployment import read_deployment
from streams.kafka.reader import Advance, ends_of, reading, records_of
from streams.replay.state import Row, state_rows
from streams.settings import Settings

PORTION = Budget(records=20_000, bytes=1 << 40)


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
        async with reading(settings.bootstrap, "leadstream-replay") as consumer:
            # The journal's ends come first: whatever release stands before them is in `definitions` by then.
            ends = await ends_of(consumer, places[journal])
            released = await ends_of(consumer, places[definitions])
            async for record in records_of(consumer, places[definitions][0], released):
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
        async for record in records_of(consumer, place, ends):
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
