"""Runs `leadstream verify`: finds the cuts of all slots, then compares one journal partition after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b

from aiokafka import TopicPartition

from schemas.definitions import Definitions
from schemas.topics import (
    CAMPAIGN_REVENUE,
    CONTACTS,
    CONTACTS_CHANGELOG,
    DEFINITIONS,
    JOURNAL,
    LEADS,
    LEDGER_JOURNAL,
    OPPORTUNITIES_CHANGELOG,
    QUALIFIED_LEADS,
    SEGMENT_MEMBERS,
    Topic,
)
from schemas.values import instant_text
from streams.engine.releases.release_log import ReleaseLog
from streams.errors import JournalTruncated
from streams.kafka.clients import fetch_partitions
from streams.kafka.deployment import DeploymentRecord, require_deployment
from streams.kafka.protocols import Consumer
from streams.kafka.reader import fetch_end_offsets, open_consumer, read_to_end, require_key, require_value
from streams.kafka.source_gaps import read_source_gaps
from streams.progress import ProgressCallback
from streams.settings import Settings
from streams.store.releases import read_releases
from streams.store.retention import truncated_partitions
from streams.store.store import DeploymentStore
from streams.verify.comparison import PartitionComparison, belongs_to
from streams.verify.cut import ConsistentCut, CutFinder
from streams.verify.flags import ContactFlags
from streams.verify.hand_over_log import HandOverLog
from streams.verify.recomputed import PartitionRecomputation
from streams.verify.report import VerificationReport
from streams.verify.revenue import RevenueVerification
from streams.verify.table import OutputTable, PartitionTables

_PROGRESS_STEP = 100
_TABLE_TOPICS = (SEGMENT_MEMBERS, LEADS, CONTACTS)
_LEDGER_TOPICS = (LEDGER_JOURNAL, OPPORTUNITIES_CHANGELOG, CAMPAIGN_REVENUE)
_OUTPUT_TOPICS = (*_TABLE_TOPICS, QUALIFIED_LEADS)
_TOPICS = (JOURNAL, DEFINITIONS, CONTACTS_CHANGELOG, *_OUTPUT_TOPICS, *_LEDGER_TOPICS)


@dataclass(frozen=True)
class ContactSelection:
    """The contacts to verify: of one account or all (None), at most `sample_size` of them."""

    account: str | None = None
    sample_size: int | None = None

    def select(self, keys: Iterable[bytes], limit: int | None) -> list[bytes]:
        """Returns at most `limit` keys: those with the smallest hashes, so that a sample is always the same."""
        selected = [key for key in keys if belongs_to(key, self.account)]
        if limit is None or len(selected) <= limit:
            return selected
        return sorted(sorted(selected, key=lambda key: blake2b(key).digest())[:limit])

    def slot_limit(self, slot: int, slot_count: int) -> int | None:
        """Returns how many contacts of one slot to verify, so that all slots together make the sample."""
        return (
            None
            if self.sample_size is None
            else self.sample_size // slot_count + (slot < self.sample_size % slot_count)
        )


async def verify(
    settings: Settings, selection: ContactSelection, on_progress: ProgressCallback
) -> VerificationReport:
    """Compares the tables of the stream with a recomputation from the journal.

    Raises JournalTruncated where the journal's beginning is deleted, TopicsMissing, TopicsMismatch where the settings
    decide otherwise, Unavailable.
    """
    async with _open_verification(settings) as verification:
        return await verification.run(selection, on_progress)


class Verification:
    """Verifies one deployment; `committed_consumer` reads committed records only, `uncommitted_consumer` all."""

    def __init__(
        self,
        settings: Settings,
        deployment: DeploymentRecord,
        committed_consumer: Consumer,
        uncommitted_consumer: Consumer,
    ) -> None:
        self._slot_count = deployment.partitions
        self._store = DeploymentStore(settings, deployment, committed_consumer)
        self._settings = self._store.settings
        self._committed_consumer = committed_consumer
        self._uncommitted_consumer = uncommitted_consumer
        self._releases = ReleaseLog(deployment.clock)
        self._revenue = RevenueVerification(self._settings.prefix, committed_consumer, uncommitted_consumer)

    async def run(self, selection: ContactSelection, on_progress: ProgressCallback) -> VerificationReport:
        """Finds the cuts of all slots, then compares their tables; returns the report."""
        await self._require_whole_journal(selection.account)
        report = VerificationReport()
        cuts = []
        for slot in range(self._slot_count):
            on_progress("finding where the workers stand", slot, self._slot_count)
            tables = [self._partition(topic, slot) for topic in _OUTPUT_TOPICS]
            finder = CutFinder(
                self._committed_consumer,
                self._uncommitted_consumer,
                self._partition(CONTACTS_CHANGELOG, slot),
                tables,
            )
            cuts.append(await finder.find())
        revenue_cut = await self._revenue.find_cut()
        await self._read_releases()
        report.gaps = await read_source_gaps(self._settings, self._committed_consumer)
        for slot, cut in enumerate(cuts):
            report.verified_offsets[slot] = cut.decided_offset
            await self._verify_slot(slot, cut, selection, report, on_progress)
        await self._revenue.compare(revenue_cut, self._contents, selection.account, report, on_progress)
        await self._require_whole_journal(selection.account)  # retention may have deleted records during the reads
        return report

    async def _require_whole_journal(self, account: str | None) -> None:
        """Raises JournalTruncated where records were deleted: the recomputation starts at the first record."""
        truncated = await truncated_partitions(self._store, account)
        if truncated:
            instants = [instant for instant in truncated.values() if instant is not None]
            since = f"speaks from {instant_text(max(instants))} on" if instants else "has lost all that tells a time"
            raise JournalTruncated(
                f"the journal {since}: what was before fell to its retention, and without it memberships and leads"
                " cannot be recomputed; verify needs a journal that is kept for ever"
            )

    async def _verify_slot(
        self,
        slot: int,
        cut: ConsistentCut,
        selection: ContactSelection,
        report: VerificationReport,
        on_progress: ProgressCallback,
    ) -> None:
        recomputation = PartitionRecomputation(self._contents, self._settings)
        await self._read_journal(slot, cut, recomputation, on_progress)
        tables = PartitionTables(hand_overs=await self._read_hand_overs(slot, cut))
        for topic, table in zip(_TABLE_TOPICS, (tables.members, tables.leads, tables.contacts), strict=True):
            await self._read_table(topic, slot, cut, table)
        keys = recomputation.contact_keys()
        comparison = PartitionComparison(recomputation, tables, await self._read_flags(slot), report)
        selected = selection.select(keys, selection.slot_limit(slot, self._slot_count))
        for number, key in enumerate(selected):
            if number % _PROGRESS_STEP == 0:
                on_progress(f"recomputing contacts, partition {slot}", number, len(selected))
            if key in cut.changed_contacts:
                report.skipped_contacts += 1
            else:
                comparison.compare_contact(key)
        comparison.report_unknown_rows({*keys, *cut.changed_contacts}, selection.account)

    async def _read_journal(
        self, slot: int, cut: ConsistentCut, recomputation: PartitionRecomputation, on_progress: ProgressCallback
    ) -> None:
        partition = self._partition(JOURNAL, slot)
        ends = await fetch_end_offsets(self._committed_consumer, [partition])
        until = {partition: min(cut.decided_offset, ends[partition])}
        async for record in read_to_end(self._committed_consumer, [partition], ends=until):
            recomputation.feed(record.offset, require_value(record))
            if record.offset % _PROGRESS_STEP == 0:
                on_progress(f"scanning the journal, partition {slot}", record.offset, cut.decided_offset)

    async def _read_table(self, topic: Topic, slot: int, cut: ConsistentCut, table: OutputTable) -> None:
        async for record in read_to_end(
            self._committed_consumer, [self._partition(topic, slot)], ends=cut.end_offsets
        ):
            table.feed(record.key, record.value)

    async def _read_hand_overs(self, slot: int, cut: ConsistentCut) -> HandOverLog:
        """Reads what retention has left of them."""
        consumer, partition = self._committed_consumer, self._partition(QUALIFIED_LEADS, slot)
        log = HandOverLog()
        async for record in read_to_end(consumer, [partition], ends=cut.end_offsets):
            log.feed(record.key, record.value)
        starts = await consumer.beginning_offsets([partition])  # after the read, during which some may go
        log.is_truncated = starts[partition] > 0
        return log

    async def _read_flags(self, slot: int) -> ContactFlags:
        flags, partition = ContactFlags(), self._partition(CONTACTS_CHANGELOG, slot)
        async for record in read_to_end(self._committed_consumer, [partition]):
            flags.feed(require_key(record), record.value)
        return flags

    async def _read_releases(self) -> None:
        """Reads the releases; after the cuts, so that `definitions` holds every release that they contain."""
        await read_releases(self._committed_consumer, self._partition(DEFINITIONS, 0), self._releases)

    def _contents(self, account: str, number: int) -> Definitions:
        return self._releases.get(account, number).definitions

    def _partition(self, topic: Topic, partition: int) -> TopicPartition:
        return TopicPartition(self._settings.prefix + topic.name, partition)


@asynccontextmanager
async def _open_verification(settings: Settings) -> AsyncIterator[Verification]:
    deployment = await require_deployment(settings)
    await fetch_partitions(settings.bootstrap, [settings.prefix + topic.name for topic in _TOPICS])
    async with (
        open_consumer(settings.bootstrap, "leadstream-verify") as committed_consumer,
        open_consumer(settings.bootstrap, "leadstream-verify", "read_uncommitted") as uncommitted_consumer,
    ):
        yield Verification(settings, deployment, committed_consumer, uncommitted_consumer)
