"""Reads what a deployment stores: the contacts' rows, the journal, and the releases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Container, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import msgspec
from aiokafka import TopicPartition

from schemas.engine_versions import OLDEST_VERSION
from schemas.topics import CONTACTS_CHANGELOG, DEAD_LETTERS, DEFINITIONS, JOURNAL
from streams.engine.journal.effects import SourcePosition
from streams.engine.partition.checkpoint import Checkpoint, PartitionStatus
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.version import require_version
from streams.kafka.clients import fetch_partitions
from streams.kafka.dead_letters import read_refused_sources
from streams.kafka.deployment import DeploymentRecord, require_deployment
from streams.kafka.protocols import ConsumedRecord, Consumer
from streams.kafka.reader import fetch_end_offsets, open_consumer, read_to_end, require_key, require_value
from streams.kafka.source_gaps import SourceGaps, read_source_gaps
from streams.progress import ProgressCallback
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.checkpoint import decode as decode_checkpoint
from streams.settings import Settings
from streams.store.checkpoints import read_checkpoints
from streams.store.releases import read_releases

if TYPE_CHECKING:
    from streams.engine.partition.backfill import JournalEntry

KeyFilter = Callable[[bytes], bool]
"""Whether to return the record of a key."""


class JournalCounter(Protocol):
    """Counts something in a journal partition; `streams.engine.partition.backfill` has the most important one."""

    def count(self, journal: Iterable[JournalEntry], refused_sources: Container[SourcePosition]) -> None:
        """Counts the next records; `refused_sources` are the sources of the events that a decision refused."""


@dataclass(slots=True)
class SlotSnapshot:
    """One changelog partition: its latest rows by key, and the slot's checkpoint."""

    rows: dict[bytes, bytes] = field(default_factory=dict)
    slot_checkpoint: SlotCheckpoint = field(default_factory=SlotCheckpoint)

    @property
    def decider_checkpoint(self) -> Checkpoint:
        """The decider's part of the checkpoint."""
        return decider_checkpoint(self.slot_checkpoint)

    @property
    def partition_status(self) -> PartitionStatus:
        """Ticks and active releases of this partition."""
        return self.decider_checkpoint.standing

    def decided_offset(self, number: int) -> int:
        """Returns the journal offset up to which (not included) the rows are decided; `number` is the slot's."""
        return self.slot_checkpoint.feeds.get(f"{JOURNAL.name}:{number}", 0)


class DeploymentStore:
    """Reads a deployment's topics; `open_store` opens it.

    `settings` are the given ones with what the deployment recorded. Raises TopicsMismatch where these differ.
    """

    def __init__(self, settings: Settings, deployment: DeploymentRecord, consumer: Consumer) -> None:
        self.deployment = deployment
        self.settings = deployment.settings_of_reader(settings)
        self._consumer = consumer

    @property
    def slot_count(self) -> int:
        """The number of journal partitions."""
        return self.deployment.partitions

    def slot_number(self, key: bytes) -> int:
        """Returns the journal partition of a contact's key."""
        return self.deployment.journal_partition(key)

    async def read_slot(
        self, number: int, key_filter: KeyFilter, activity: str, on_progress: ProgressCallback
    ) -> SlotSnapshot:
        """Returns the rows whose keys pass the filter, as of the present end of the changelog partition.

        `on_progress` gets `activity` and the offsets read so far and in all.
        """
        changelog = self._partition(CONTACTS_CHANGELOG.name, number)
        ends = await fetch_end_offsets(self._consumer, [changelog])
        slot = SlotSnapshot()
        async for record in read_to_end(self._consumer, [changelog], ends=ends):
            key = require_key(record)
            if key == CHECKPOINT_KEY:
                slot.slot_checkpoint = decode_checkpoint(require_value(record))
            elif key_filter(key):
                _put_row(slot.rows, key, record.value)
            if record.offset % 1_000 == 0:
                on_progress(activity, record.offset, ends[changelog])
        on_progress(activity, ends[changelog], ends[changelog])
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
        """Yields offset, key and value of the records whose keys pass the filter, before `end` or the present end."""
        journal = self._partition(JOURNAL.name, number)
        ends = await fetch_end_offsets(self._consumer, [journal])
        last = ends[journal] if end is None else min(end, ends[journal])
        async for record in read_to_end(self._consumer, [journal], ends={journal: last}):
            key = require_key(record)
            if key_filter(key):
                yield record.offset, key, require_value(record)
            if record.offset % 1_000 == 0:
                on_progress(activity, record.offset, last)
        on_progress(activity, last, last)

    async def count_journal(
        self,
        number: int,
        counters: Collection[JournalCounter],
        on_progress: ProgressCallback,
        *,
        end: int,
    ) -> None:
        """Feeds all counters the records before `end`, in one pass over the journal partition."""
        refused_sources = await self.dead_letter_sources(number)
        activity = f"scanning the journal {number + 1}/{self.slot_count}"
        async for entry in self.read_journal(number, lambda _key: True, activity, on_progress, end=end):
            for counter in counters:
                counter.count((entry,), refused_sources)

    async def read_slot_checkpoint(self, number: int) -> SlotCheckpoint:
        """Returns the latest checkpoint of a slot. It looks near the end of the changelog first."""
        changelog = self._partition(CONTACTS_CHANGELOG.name, number)
        return (await read_checkpoints(self._consumer, [changelog]))[changelog]

    async def first_journal_offsets(self) -> dict[int, int]:
        """Returns journal partition -> the first offset in its log; above 0 where retention has deleted records."""
        partitions = [self._partition(JOURNAL.name, number) for number in range(self.slot_count)]
        offsets = await self._consumer.beginning_offsets(partitions)
        return {partition.partition: offset for partition, offset in offsets.items()}

    async def journal_ends(self) -> dict[int, int]:
        """Returns journal partition -> the offset after its last record now."""
        partitions = [self._partition(JOURNAL.name, number) for number in range(self.slot_count)]
        ends = await fetch_end_offsets(self._consumer, partitions)
        return {partition.partition: offset for partition, offset in ends.items()}

    async def read_journal_records(self, number: int) -> AsyncIterator[ConsumedRecord]:
        """Yields the records in the log of a journal partition, up to its present end."""
        async for record in read_to_end(self._consumer, [self._partition(JOURNAL.name, number)]):
            yield record

    async def dead_letter_sources(self, number: int) -> set[SourcePosition]:
        """Returns the sources of all dead letters of a slot."""
        return await read_refused_sources(self._consumer, self._partition(DEAD_LETTERS.name, number))

    async def read_releases(self) -> ReleaseLog:
        """Returns all releases on the topic `definitions` now."""
        log = ReleaseLog(self.deployment.clock)
        await read_releases(self._consumer, self._partition(DEFINITIONS.name, 0), log)
        return log

    async def read_gaps(self) -> SourceGaps:
        """Returns what is gone of in-topics and was accepted."""
        return await read_source_gaps(self.settings, self._consumer)

    def _partition(self, topic: str, number: int) -> TopicPartition:
        return TopicPartition(self.settings.prefix + topic, number)


def decider_checkpoint(slot_checkpoint: SlotCheckpoint) -> Checkpoint:
    """Returns the decider's part of a slot's checkpoint; an empty one for a slot that has decided nothing.

    Raises EngineVersionMismatch for another engine version, whose rows cannot be read either.
    """
    if not slot_checkpoint.checkpoint:
        return Checkpoint(PartitionStatus(), semantics=OLDEST_VERSION)
    checkpoint = msgspec.json.decode(slot_checkpoint.checkpoint, type=Checkpoint)
    require_version(checkpoint.semantics, "the contacts' state")
    return checkpoint


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[DeploymentStore]:
    """Opens the store of a deployment. Raises TopicsMissing, BrokerUnavailable, TopicsMismatch."""
    deployment = await require_deployment(settings)
    names = [settings.prefix + topic.name for topic in (CONTACTS_CHANGELOG, JOURNAL, DEFINITIONS)]
    await fetch_partitions(settings.bootstrap, names)
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        yield DeploymentStore(settings, deployment, consumer)


def _put_row(rows: dict[bytes, bytes], key: bytes, value: bytes | None) -> None:
    if value is None:
        rows.pop(key, None)
    else:
        rows[key] = value
