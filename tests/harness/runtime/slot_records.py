"""Feeds a fake slot records of its partitions, and commits its transactions."""

from __future__ import annotations

import msgspec

from streams.kafka.partitions import Partition
from streams.runtime import checkpoint as checkpoint_records
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.faust.runs import FetchedRun
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.transaction import TransactionBatch
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.fake_slot import (
    CHANGELOG,
    JOURNAL,
    committed_records,
)


def event_value(number: int, contact: str = "c1", at: int = 1_000) -> bytes:
    """The value of an event."""
    return msgspec.json.encode({"id": str(number), "contact": contact, "amount": number, "at": at})


def enqueue_input(
    slot: Slot, partition: Partition, *values: tuple[bytes | None, bytes | None], at: int = 1_000
) -> None:
    """Enqueues records of a partition; each is (key, value)."""
    buffer = slot.buffers[partition]
    run_records = [
        FakeRecord(
            partition.topic, partition.number, buffer.fetch_position + index, at + index, key, value, (("h", b"1"),)
        )
        for index, (key, value) in enumerate(values)
    ]
    assert slot.enqueue(
        FetchedRun(
            run_records, buffer.fetch_position, buffer.fetch_position + len(run_records), buffer.token or 0, 1 << 50
        ),
        partition,
    )


def build_transaction(slot: Slot, now: int) -> TransactionBatch | None:
    """The content of the slot's next transaction; None when there is nothing to write."""
    batch = slot._new_batch()
    for _ in slot.ingest(batch, now):
        pass
    for _ in slot.decide(batch, now):
        pass
    return batch if batch.has_content else None


async def transact(slot: Slot, now: int = 5_000) -> bool:
    """Commits one transaction if there is something to write; returns whether there was."""
    batch = build_transaction(slot, now)
    if batch is None:
        return False
    await slot.commit(batch)
    return True


def enqueue_journal(slot: Slot) -> None:
    """Enqueues the journal records that the slot committed and has not read yet."""
    log, buffer = committed_records(slot)[JOURNAL], slot.buffers[JOURNAL]
    run_records = [
        FakeRecord(JOURNAL.topic, 0, offset, 1, key, value)
        for offset, (key, value, _) in enumerate(log)
        if offset >= buffer.fetch_position
    ]
    if run_records:
        assert slot.enqueue(
            FetchedRun(run_records, buffer.fetch_position, len(log), buffer.token or 0, 1 << 50), JOURNAL
        )


def committed_checkpoint(slot: Slot) -> SlotCheckpoint:
    """The last committed checkpoint."""
    key, value, _ = committed_records(slot)[CHANGELOG][-1]
    assert key == CHECKPOINT_KEY
    return checkpoint_records.decode(value or b"")
