"""Compares the table of revenue with the sum of the opportunities in the ledger's journal."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from aiokafka import TopicPartition

from schemas.topics import CAMPAIGN_REVENUE, LEDGER_JOURNAL, OPPORTUNITIES_CHANGELOG, Topic
from streams.engine.journal.records import Marker, decode
from streams.kafka.protocols import Consumer
from streams.kafka.reader import fetch_end_offsets, read_to_end, require_value
from streams.progress import ProgressCallback
from streams.runtime.checkpoint import SlotCheckpoint
from streams.verify.cut import ConsistentCut, CutFinder
from streams.verify.recompute.releases import ReleaseContents
from streams.verify.recompute.revenue import KINDS, RevenueKinds, RevenueRecomputation, RevenueSubject
from streams.verify.report import Difference, VerificationReport
from streams.verify.table import FOREIGN_RECORD, key_text

_NOTHING: RevenueKinds = dict.fromkeys(KINDS, (0, Decimal(0)))
_FEED = f"{LEDGER_JOURNAL.name}:0"


class RevenueVerification:
    """Verifies the totals of a deployment with this prefix; the consumers are those of `Verification`."""

    def __init__(self, prefix: str, committed_consumer: Consumer, uncommitted_consumer: Consumer) -> None:
        self._prefix = prefix
        self._committed_consumer = committed_consumer
        self._uncommitted_consumer = uncommitted_consumer

    async def find_cut(self) -> ConsistentCut:
        """Returns what the ledger had decided. Raises Unavailable when a release stays half decided."""
        changelog, table = self._partition(OPPORTUNITIES_CHANGELOG), self._partition(CAMPAIGN_REVENUE)
        finder = CutFinder(
            self._committed_consumer,
            self._uncommitted_consumer,
            changelog,
            [table],
            feed=_FEED,
            is_unfinished=self._is_release_unfinished,
        )
        return await finder.find()

    async def compare(
        self,
        cut: ConsistentCut,
        contents: ReleaseContents,
        account: str | None,
        report: VerificationReport,
        on_progress: ProgressCallback,
    ) -> None:
        """Adds the differences up to the cut to the report."""
        recomputation = RevenueRecomputation(contents)
        partition = self._partition(LEDGER_JOURNAL)
        ends = await fetch_end_offsets(self._committed_consumer, [partition])
        until = {partition: min(cut.decided_offset, ends[partition])}
        async for record in read_to_end(self._committed_consumer, [partition], ends=until):
            recomputation.feed(require_value(record))
            on_progress("scanning the ledger's journal", record.offset + 1, cut.decided_offset)
        rows = await self._read_rows(cut)
        expected = recomputation.totals()
        named = {subject_key(subject): subject for subject in expected}
        for key in sorted({*rows, *named}):
            if f"total/{key_text(key)}".encode() in cut.changed_contacts:
                continue
            subject = named.get(key) or parse_subject(key)
            if subject is None or account in (None, subject.account):
                report.revenue_rows += key in rows
                report.differences.extend(_differences(key, subject, expected, rows.get(key)))

    async def _read_rows(self, cut: ConsistentCut) -> dict[bytes, bytes]:
        rows: dict[bytes, bytes] = {}
        table = self._partition(CAMPAIGN_REVENUE)
        async for record in read_to_end(self._committed_consumer, [table], ends=cut.end_offsets):
            if record.value is None:
                rows.pop(record.key or b"", None)
            else:
                rows[record.key or b""] = record.value
        return rows

    async def _is_release_unfinished(self, checkpoint: SlotCheckpoint) -> bool:
        """Whether the next record is a release: the ledger may have decided a part of the opportunities by it."""
        partition = self._partition(LEDGER_JOURNAL)
        start = checkpoint.feeds.get(_FEED, 0)
        ends = await fetch_end_offsets(self._committed_consumer, [partition])
        next_end = {partition: min(start + 1, ends[partition])}
        if start >= ends[partition]:
            return False
        async for record in read_to_end(
            self._committed_consumer, [partition], starts={partition: start}, ends=next_end
        ):
            return isinstance(decode(require_value(record)), Marker)
        return False

    def _partition(self, topic: Topic) -> TopicPartition:
        return TopicPartition(self._prefix + topic.name, 0)


def subject_key(subject: RevenueSubject) -> bytes:
    """Returns the key of a row."""
    return "/".join(subject).encode()


def parse_subject(key: bytes) -> RevenueSubject | None:
    """Returns what a key names; None for one that no Leadstream wrote."""
    parts = key_text(key).split("/")
    return RevenueSubject(*parts) if len(parts) == len(RevenueSubject._fields) else None


def _differences(
    key: bytes,
    subject: RevenueSubject | None,
    expected: dict[RevenueSubject, RevenueKinds],
    value: bytes | None,
) -> list[Difference]:
    if subject is None:
        return [Difference("revenue", "", "", key_text(key), "no record", FOREIGN_RECORD)]
    wanted = expected.get(subject, _NOTHING)
    found = _NOTHING if value is None else _decode_kinds(value)
    if found == wanted:
        return []
    actual = FOREIGN_RECORD if found is None else "no row" if value is None else _text(found)
    return [
        Difference("revenue", subject.account, "", subject.campaign, _text(wanted), actual, currency=subject.currency)
    ]


def _decode_kinds(value: bytes) -> RevenueKinds | None:
    """Counts and amounts of a row; None for one that no Leadstream wrote."""
    try:
        row: Any = msgspec.json.decode(value)
        return {kind: (row[kind]["count"], Decimal(row[kind]["amount"])) for kind in KINDS}
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, InvalidOperation):
        return None


def _text(kinds: RevenueKinds) -> str:
    return ", ".join(f"{kind} {amount:f} ({count})" for kind, (count, amount) in kinds.items())
