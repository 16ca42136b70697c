"""What a deployment has stored: the contacts' rows, the journal, and the releases beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import TopicPartition

from schemas.topics import CONTACTS_CHANGELOG, DEAD_LETTERS, DEFINITIONS, JOURNAL
from streams.engine.journal.effects import Source
from streams.engine.partition.broadcast import Standing
from streams.engine.partition.decider import Checkpoint
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.version import SEMANTICS, expect_semantics
from streams.errors import TopicsMissing
from streams.kafka.clients import partitions_of
from streams.kafka.dead_letters import refused_sources
from streams.kafka.deployment import Deployment, read_deployment
from streams.kafka.partitions import partition_of
from streams.kafka.reader import Advance, ends_of, reading, records_of
from streams.runtime.checkpoint import POSITION_KEY, Positions
from streams.runtime.checkpoint import decode as decode_positions
from streams.settings import Settings

_STEP_BACK = 2_000
"""Records before the end of a changelog among which a position is looked for first."""

Wanted = Callable[[bytes], bool]
"""Whether the record of a key is wanted."""


@dataclass(slots=True)
class Slot:
    """What one changelog partition says: rows by key, and where the slot stands."""

    rows: dict[bytes, bytes] = field(default_factory=dict)
    positions: Positions = field(default_factory=Positions)

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the decisions of this partition stand."""
        return checkpoint_of(self.positions)

    @property
    def standing(self) -> Standing:
        """Ticks and releases in force in this partition."""
        return self.checkpoint.standing

    def decided(self, number: int) -> int:
        """The journal offset up to which, not included, the rows are decided."""
        return self.positions.feeds.get(f"{JOURNAL.name}:{number}", 0)


class Store:
    """Reads a deployment's topics; made by `opened`."""

    def __init__(self, settings: Settings, deployment: Deployment, consumer: Any) -> None:
        self.deployment = deployment
        self._settings = settings
        self._consumer = consumer

    @property
    def slots(self) -> int:
        """How many journal partitions there are."""
        return self.deployment.partitions

    def slot_of(self, key: bytes) -> int:
        """The journal partition of a contact's key."""
        return partition_of(key, self.slots)

    async def slot(self, number: int, wanted: Wanted, advance: Advance) -> Slot:
        """The rows that are wanted, as of the end of the changelog partition now."""
        place = self._place(CONTACTS_CHANGELOG.name, number)
        ends = await ends_of(self._consumer, [place])
        slot = Slot()
        async for record in records_of(self._consumer, place, ends):
            if record.key == POSITION_KEY:
                slot.positions = decode_positions(record.value)
            elif wanted(record.key):
                _put(slot.rows, record.key, record.value)
            if record.offset % 1_000 == 0:
                advance(record.offset, ends[place])
        advance(ends[place], ends[place])
        return slot

    async def journal(
        self, number: int, wanted: Wanted, advance: Advance, end: int | None = None
    ) -> AsyncIterator[tuple[int, bytes, bytes]]:
        """Offset, key and value of the records that are wanted, up to `end` (not included) or the end now."""
        place = self._place(JOURNAL.name, number)
        ends = await ends_of(self._consumer, [place])
        last = ends[place] if end is None else min(end, ends[place])
        async for record in records_of(self._consumer, place, {place: last}):
            if wanted(record.key):
                yield record.offset, record.key, record.value
            if record.offset % 1_000 == 0:
                advance(record.offset, last)
        advance(last, last)

    async def positions(self, number: int) -> Positions:
        """Where a slot stands now; its last position is near the end of its changelog, mostly."""
        place = self._place(CONTACTS_CHANGELOG.name, number)
        ends = await ends_of(self._consumer, [place])
        for start in (max(ends[place] - _STEP_BACK, 0), 0):
            found: Positions | None = None
            async for record in records_of(self._consumer, place, ends, start):
                if record.key == POSITION_KEY:
                    found = decode_positions(record.value)
            if found is not None:
                return found
        return Positions()

    async def journal_beginnings(self) -> dict[int, int]:
        """Journal partition -> the first offset that is left; above 0 where retention took records away."""
        places = [self._place(JOURNAL.name, number) for number in range(self.slots)]
        found = await self._consumer.beginning_offsets(places)
        return {place.partition: offset for place, offset in found.items()}

    async def journal_records(self, number: int) -> AsyncIterator[Any]:
        """The records left of a journal partition as they were fetched, up to the end now."""
        place = self._place(JOURNAL.name, number)
        async for record in records_of(self._consumer, place, await ends_of(self._consumer, [place])):
            yield record

    async def refused(self, number: int) -> set[Source]:
        """The sources of what became a dead letter in one slot, up to now."""
        return await refused_sources(self._consumer, self._place(DEAD_LETTERS.name, number))

    async def releases(self) -> ReleaseLog:
        """Every release that stands in `definitions` now."""
        place = self._place(DEFINITIONS.name, 0)
        log = ReleaseLog(self.deployment.clock)
        ends = await ends_of(self._consumer, [place])
        async for record in records_of(self._consumer, place, ends):
            log.add(record.offset, record.timestamp, record.key, record.value)
        return log

    def _place(self, topic: str, number: int) -> TopicPartition:
        return TopicPartition(self._settings.prefix + topic, number)


def checkpoint_of(positions: Positions) -> Checkpoint:
    """What the decider wrote into the positions; that of a slot which never decided anything is empty.

    Raises OtherSemantics where an engine of another meaning wrote it: its rows cannot be read either.
    """
    if not positions.checkpoint:
        return Checkpoint(Standing(), semantics=SEMANTICS)
    checkpoint = msgspec.json.decode(positions.checkpoint, type=Checkpoint)
    expect_semantics(checkpoint.semantics, "the contacts' state")
    return checkpoint


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """The store of a deployment. Raises TopicsMissing, BrokerUnavailable."""
    deployment = await read_deployment(settings.bootstrap, settings.prefix)
    if deployment is None:
        raise TopicsMissing("these topics were not made by Leadstream; `leadstream topics create` makes them")
    names = [settings.prefix + topic.name for topic in (CONTACTS_CHANGELOG, JOURNAL, DEFINITIONS)]
    await partitions_of(settings.bootstrap, names)
    async with reading(settings.bootstrap, "leadstream-reader") as consumer:
        yield Store(settings, deployment, consumer)


def _put(rows: dict[bytes, bytes], key: bytes, value: bytes | None) -> None:
    if value is None:
        rows.pop(key, None)
    else:
        rows[key] = value
