"""A take-over reads the changelog from where rows on local disk end; those of another changelog are given up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact, encode_contact
from streams.errors import Fenced, Internal
from streams.kafka.batches import BatchWriter
from streams.kafka.partitions import Partition
from streams.runtime import checkpoint as checkpoint_records
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.disk.row_stores import LocalRows
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.take_over import TakeOver
from streams.runtime.slots.transaction import TransactionBatch
from streams.settings import Settings
from tests.harness.engine.engine_driver import sound_definitions
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.fake_slot import CHANGELOG, fake_slot

ROW = (b"default/ann", encode_contact(Contact("default", "ann", created=0, clock=0, settled=1)))


def slot_with(rows: LocalRows) -> Slot:
    decider = PartitionDecider(0, lambda *_: sound_definitions({"segments": []}), DEFAULT_ENGINE_SETTINGS)
    return fake_slot(decider=decider, local_rows=rows)


def checkpoint_of(position: int) -> bytes:
    return checkpoint_records.encode(SlotCheckpoint(feeds={"journal:0": position}))


class RecordedRows:
    """A `LocalRows` that remembers what it is given; `position` and `checkpoint` are what lies on disk."""

    def __init__(self, position: int = 0, checkpoint: bytes = b"") -> None:
        self.position, self.checkpoint = position, checkpoint
        self.commits: list[tuple[dict[bytes, bytes | None], bytes, int]] = []
        self.clear_count = 0

    def start_restore(self, end: int) -> tuple[int, bytes]:
        """What lies on disk, where the changelog has it."""
        return (self.position, self.checkpoint) if self.position <= end else (0, b"")

    def commit_restored(self, checkpoint: bytes, position: int) -> None:
        """Remembers it as a commit without records."""
        self.commits.append(({}, checkpoint, position))

    def commit(self, rows: Mapping[bytes, bytes | None], checkpoint: bytes, position: int) -> None:
        """Remembers it."""
        self.commits.append((dict(rows), checkpoint, position))

    def clear(self) -> None:
        """Counts."""
        self.clear_count += 1

    def record_count(self) -> int:
        """Has no contacts of its own."""
        return 0

    def close(self) -> None:
        """Has nothing open."""


class ChangelogConsumer:
    """Reads one changelog partition from memory."""

    def __init__(self, values: Sequence[tuple[bytes, bytes]]) -> None:
        self._records = [
            FakeRecord(CHANGELOG.topic, 0, offset, 1_000, key, value, ())
            for offset, (key, value) in enumerate(values)
        ]
        self._position = 0
        self.read_offsets: list[int] = []

    def assign(self, partitions: Any) -> None:
        """There is one."""

    async def end_offsets(self, partitions: Any) -> dict[TopicPartition, int]:
        """Where it ends."""
        return {TopicPartition(*CHANGELOG): len(self._records)}

    def seek(self, partition: Any, offset: int) -> None:
        """Reads on from there."""
        self._position = offset

    async def seek_to_beginning(self, *partitions: Any) -> None:
        """Reads on from the first record."""
        self._position = 0

    async def position(self, partition: Any) -> int:
        """Where it reads on."""
        return self._position

    async def getmany(self, *partitions: Any, **_options: Any) -> dict[TopicPartition, list[FakeRecord]]:
        """Two records at a time."""
        records = self._records[self._position : self._position + 2]
        self._position += len(records)
        self.read_offsets += [record.offset for record in records]
        return {TopicPartition(*CHANGELOG): records}


async def restore(slot: Slot, *values: tuple[bytes, bytes]) -> ChangelogConsumer:
    """Restores the slot from a changelog with these records."""
    consumer = ChangelogConsumer(values)

    class TakeOverFromMemory(TakeOver):
        @asynccontextmanager
        async def open_changelog_consumer(self) -> AsyncIterator[Any]:
            yield consumer

        @asynccontextmanager
        async def open_consumer(self, isolation_level: str) -> AsyncIterator[Any]:
            del isolation_level
            yield consumer

    await TakeOverFromMemory(Settings(prefix="p-", partitions=1)).restore_state([slot])
    return consumer


async def test_without_rows_on_disk_the_whole_changelog_is_read() -> None:
    rows = RecordedRows()
    slot = slot_with(rows)
    consumer = await restore(slot, ROW, (CHECKPOINT_KEY, checkpoint_of(3)), ROW)
    assert consumer.read_offsets == [0, 1, 2]
    assert [position for _, _, position in rows.commits] == [2, 3]
    assert slot.rows == 2
    assert slot.checkpoint.feeds == {"journal:0": 3}


async def test_only_what_comes_after_the_rows_on_disk_is_read() -> None:
    rows = RecordedRows(position=2, checkpoint=checkpoint_of(3))
    slot = slot_with(rows)
    consumer = await restore(slot, ROW, (CHECKPOINT_KEY, checkpoint_of(3)), ROW, (CHECKPOINT_KEY, checkpoint_of(5)))
    assert consumer.read_offsets == [2, 3]
    assert rows.commits == [({}, checkpoint_of(5), 4)]
    assert slot.rows == 1
    assert slot.checkpoint.feeds == {"journal:0": 5}


async def test_rows_on_disk_that_are_complete_need_no_record() -> None:
    slot = slot_with(RecordedRows(position=2, checkpoint=checkpoint_of(3)))
    consumer = await restore(slot, ROW, (CHECKPOINT_KEY, checkpoint_of(3)))
    assert consumer.read_offsets == []
    assert slot.checkpoint.feeds == {"journal:0": 3}


async def test_rows_on_disk_are_given_up_where_a_changelog_goes_back() -> None:
    rows = RecordedRows(position=1, checkpoint=checkpoint_of(100))
    with pytest.raises(Internal, match="made anew"):
        await restore(slot_with(rows), ROW, (CHECKPOINT_KEY, checkpoint_of(3)))
    assert rows.clear_count == 1


async def test_a_take_over_that_is_given_up_ends_after_the_slot_has_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    slot = slot_with(RecordedRows())
    started, may_end, has_ended = threading.Event(), threading.Event(), threading.Event()

    def resume() -> None:
        started.set()
        assert may_end.wait(10)
        has_ended.set()

    monkeypatch.setattr(slot, "resume", resume)
    take_over = asyncio.create_task(restore(slot, ROW))
    assert await asyncio.to_thread(started.wait, 10)
    take_over.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not take_over.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await take_over
    assert has_ended.is_set()


async def test_a_transaction_reaches_the_disk_after_its_commit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = RecordedRows()
    slot = slot_with(rows)
    batch = TransactionBatch(slot.partitions, slot._producer.new_batch_writer(), SlotCheckpoint(feeds={"a:0": 1}))
    batch.rows = dict([ROW])
    batch.writer.add(CHANGELOG, *ROW)
    slot.add_checkpoint(batch)

    async def fail(writer: BatchWriter) -> dict[Partition, int]:
        del writer
        raise Fenced("another process has the slot")

    with monkeypatch.context() as patch:
        patch.setattr(slot._producer, "write", fail)
        with pytest.raises(Fenced):
            await slot.commit(batch)
    assert rows.commits == []
    await slot.commit(batch)
    assert rows.commits == [(dict([ROW]), checkpoint_records.encode(batch.checkpoint), 2)]
