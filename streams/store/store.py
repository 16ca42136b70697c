"""What a deployment has stored: the contacts' rows, the journal, and the releases beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import TopicPartition

from schemas.topics import CONTACTS_CHANGELOG, DEAD_LETTERS, DEFINITIONS, JOURNAL
from streams.engine.journal.effects import SourcePosition
from streams.engine.partition.backfill import BackfillCounter, JournalEntry
from streams.engine.partition.broadcast import PartitionStatus
from streams.engine.partition.decider import Checkpoint
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.version import ENGINE_VERSION, require_version
from streams.errors import TopicsMissing
from streams.kafka.clients import fetch_partitions
from streams.kafka.dead_letters import read_refused_sources
from streams.kafka.deployment import DeploymentRecord, read_deployment
from streams.kafka.partitions import partition_for_key
from streams.kafka.reader import fetch_end_offsets, open_consumer, read_partition
from streams.progress import ProgressCallback
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.checkpoint import decode as decode_positions
from streams.settings import Settings

_LOOKBACK_RECORDS = 2_000
"""Records before the end of a changelog among which a position is looked for first."""

KeyFilter = Callable[[bytes], bool]
"""Whether the record of a key is wanted."""


@dataclass(slots=True)
class SlotSnapshot:
    """What one changelog partition says: rows by key, and where the slot stands."""

    rows: dict[bytes, bytes] = field(default_factory=dict)
    slot_checkpoint: SlotCheckpoint = field(default_factory=SlotCheckpoint)

    @property
    def decider_checkpoint(self) -> Checkpoint:
        """Where the decisions of this partition stand."""
        return decider_checkpoint(self.slot_checkpoint)

    @property
    def partition_status(self) -> PartitionStatus:
        """Ticks and releases in force in this partition."""
        return self.decider_checkpoint.standing

    def decided_offset(self, number: int) -> int:
        """The journal offset up to which, not included, the rows are decided."""
        return self.slot_checkpoint.feeds.get(f"{JOURNAL.name}:{number}", 0)


class DeploymentStore:
    """Reads a deployment's topics; made by `open_store`."""

    def __init__(self, settings: Settings, deployment: DeploymentRecord, consumer: Any) -> None:
        self.deployment = deployment
        self._settings = settings
        self._consumer = consumer

    @property
    def slot_count(self) -> int:
        """How many journal partitions there are."""
        return self.deployment.partitions

    def slot_number(self, key: bytes) -> int:
        """The journal partition of a contact's key."""
        return partition_for_key(key, self.slot_count)

    async def read_slot(
        self, number: int, key_filter: KeyFilter, activity: str, on_progress: ProgressCallback
    ) -> SlotSnapshot:
        """The rows that are wanted, as of the end of the changelog partition now; `activity` is for `on_progress`."""
        place = self._partition(CONTACTS_CHANGELOG.name, number)
        ends = await fetch_end_offsets(self._consumer, [place])
        slot = SlotSnapshot()
        async for record in read_partition(self._consumer, place, ends):
            if record.key == CHECKPOINT_KEY:
                slot.slot_checkpoint = decode_positions(record.value)
            elif key_filter(record.key):
                _put_row(slot.rows, record.key, record.value)
            if record.offset % 1_000 == 0:
                on_progress(activity, record.offset, ends[place])
        on_progress(activity, ends[place], ends[place])
        return slot

    async def read_journal(
        self,
        number: int,
        key_filter: KeyFilter,
        activity: str,
        on_progress: ProgressCallback,
        *,
        end: int | None = None,
    ) -> AsyncIterator[JournalEntry]:
        """Offset, key and value of the records that are wanted, up to `end` (not included) or the end now."""
        place = self._partition(JOURNAL.name, number)
        ends = await fetch_end_offsets(self._consumer, [place])
        last = ends[place] if end is None else min(end, ends[place])
        async for record in read_partition(self._consumer, place, {place: last}):
            if key_filter(record.key):
                yield record.offset, record.key, record.value
            if record.offset % 1_000 == 0:
                on_progress(activity, record.offset, last)
        on_progress(activity, last, last)

    async def count_journal(
        self,
        number: int,
        counters: Collection[BackfillCounter],
        on_progress: ProgressCallback,
        *,
        end: int,
    ) -> None:
        """Gives all counters the records before `end`, in one pass over the journal partition."""
        refused = await self.dead_letter_sources(number)
        activity = f"scanning the journal {number + 1}/{self.slot_count}"
        async for entry in self.read_journal(number, lambda _key: True, activity, on_progress, end=end):
            for counter in counters:
                counter.count((entry,), refused)

    async def read_slot_checkpoint(self, number: int) -> SlotCheckpoint:
        """Where a slot stands now; its last position is near the end of its changelog, mostly."""
        place = self._partition(CONTACTS_CHANGELOG.name, number)
        ends = await fetch_end_offsets(self._consumer, [place])
        for start in (max(ends[place] - _LOOKBACK_RECORDS, 0), 0):
            found: SlotCheckpoint | None = None
            async for record in read_partition(self._consumer, place, ends, start):
                if record.key == CHECKPOINT_KEY:
                    found = decode_positions(record.value)
            if found is not None:
                return found
        return SlotCheckpoint()

    async def first_journal_offsets(self) -> dict[int, int]:
        """Journal partition -> the first offset that is left; above 0 where retention took records away."""
        places = [self._partition(JOURNAL.name, number) for number in range(self.slot_count)]
        found = await self._consumer.beginning_offsets(places)
        return {place.partition: offset for place, offset in found.items()}

    async def read_journal_records(self, number: int) -> AsyncIterator[Any]:
        """The records left of a journal partition as they were fetched, up to the end now."""
        place = self._partition(JOURNAL.name, number)
        async for record in read_partition(self._consumer, place, await fetch_end_offsets(self._consumer, [place])):
            yield record

    async def dead_letter_sources(self, number: int) -> set[SourcePosition]:
        """The sources of what became a dead letter in one slot, up to now."""
        return await read_refused_sources(self._consumer, self._partition(DEAD_LETTERS.name, number))

    async def read_releases(self) -> ReleaseLog:
        """Every release that stands in `definitions` now."""
        place = self._partition(DEFINITIONS.name, 0)
        log = ReleaseLog(self.deployment.clock)
        ends = await fetch_end_offsets(self._consumer, [place])
        async for record in read_partition(self._consumer, place, ends):
            log.add(record.offset, record.timestamp, record.key, record.value)
        return log

    def _partition(self, topic: str, number: int) -> TopicPartition:
        return TopicPartition(self._settings.prefix + topic, number)


def decider_checkpoint(slot_checkpoint: SlotCheckpoint) -> Checkpoint:
    """What the decider wrote into the positions; that of a slot which never decided anything is empty.

    Raises EngineVersionMismatch where an engine of another meaning wrote it: its rows cannot be read either.
    """
    if not slot_checkpoint.checkpoint:
        return Checkpoint(PartitionStatus(), semantics=ENGINE_VERSION)
    checkpoint = msgspec.json.decode(slot_checkpoint.checkpoint, type=Checkpoint)
    require_version(checkpoint.semantics, "the contacts' state")
    return checkpoint


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[DeploymentStore]:
    """The store of a deployment. Raises TopicsMissing, BrokerUnavailable."""
    deployment = await read_deployment(settings.bootstrap, settings.prefix)
    if deployment is None:
        raise TopicsMissing("these topics were not made by Leadstream; `leadstream topics create` makes them")
    names = [settings.prefix + topic.name for topic in (CONTACTS_CHANGELOG, JOURNAL, DEFINITIONS)]
    await fetch_partitions(settings.bootstrap, names)
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        yield DeploymentStore(settings, deployment, consumer)


def _put_row(rows: dict[bytes, bytes], key: bytes, value: bytes | None) -> None:
    if value is None:
        rows.pop(key, None)
    else:
        rows[key] = value
