"""What a slot appends to its own journal partition is decided at once, or as it is fetched where others wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from streams.engine.journal import records
from streams.errors import Internal
from streams.kafka.batches import BatchWriter
from streams.kafka.partitions import Partition
from streams.runtime.checkpoint import CHECKPOINT_KEY
from streams.runtime.faust.runs import FetchedRun
from streams.runtime.slots.own_journal import OwnJournal
from streams.runtime.slots.slot import Slot
from streams.runtime.time.clock_advances import ClockAdvance
from streams.runtime.time.ticks import ControlState
from streams.settings import Settings
from tests.harness.runtime.counting_program import CountingDecider
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.fake_slot import (
    CHANGELOG,
    JOURNAL,
    VISITS,
    FakeProducer,
    committed_records,
    fake_slot,
    state_with_advances,
)
from tests.harness.runtime.slot_records import enqueue_input, event_value

MARKER = (None, None, [("control", b"")])
"""Stands for the end of a transaction in the log of a fake broker."""


class MarkingProducer(FakeProducer):
    """Writes the end of each transaction into every partition, as a broker does, and what others write before it."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: list[list[Partition]] = []
        self.of_others: list[bytes] = []
        """Values that another slot has in the journal before the next record of this one."""

    async def write_ahead(self, writer: BatchWriter, expected: Iterable[Partition] = ()) -> dict[Partition, int]:
        """Lets the others write first."""
        self.expected.append(list(expected))
        log = self.committed.setdefault(JOURNAL, [])
        if self.of_others and any(target == JOURNAL for target, _ in writer.batches()):
            log += [(b"default/other", value, []) for value in self.of_others]
            log.append(MARKER)
            self.of_others.clear()
        return await super().write_ahead(writer)

    async def write(self, writer: BatchWriter) -> dict[Partition, int]:
        """Commits, and marks the end."""
        targets = {target for target, _ in writer.batches()} | self.ahead.keys()
        last_offsets = await super().write(writer)
        for target in targets:
            self.committed[target].append(MARKER)
        return last_offsets


class RecordingDecider(CountingDecider):
    """Keeps the ids of the events in the order in which it is fed with them."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """Keeps an event's id."""
        super().feed(offset, key, value)
        record = records.decode(value)
        if isinstance(record, records.JournalEvent):
            self.ids.append(record.id)


def working_slot(control_state: ControlState | None = None) -> tuple[Slot, MarkingProducer]:
    """A slot that works, and its producer."""
    producer = MarkingProducer()
    settings = Settings(prefix="p-", clock="events", partitions=1, interval_ms=0)
    slot = fake_slot(settings, RecordingDecider(), control_state=control_state, producer=producer)
    slot.start(dict.fromkeys(slot.buffers, 1))
    return slot, producer


def journal_log(slot: Slot) -> list[tuple[int, bytes, bytes]]:
    """Offset, key and value of the journal's committed records."""
    log = enumerate(committed_records(slot).get(JOURNAL, []))
    return [(offset, key or b"", value or b"") for offset, (key, value, _) in log if key is not None]


def fetch_journal(slot: Slot) -> None:
    """Hands the slot all of its journal that it has not fetched, with the ends of transactions passed over."""
    buffer, end = slot.buffers[JOURNAL], len(committed_records(slot)[JOURNAL])
    run = [FakeRecord(JOURNAL.topic, 0, *entry) for entry in fetched(slot) if entry[0] >= buffer.fetch_position]
    if run:
        assert slot.enqueue(FetchedRun(run, buffer.fetch_position, end, buffer.token or 0, 1 << 50), JOURNAL)
        slot.wake()


def fetched(slot: Slot) -> list[tuple[int, int, bytes, bytes]]:
    """Offset, timestamp, key and value of the journal's records, as a fetch brings them."""
    return [(offset, 1, key, value) for offset, key, value in journal_log(slot)]


async def work(slot: Slot, number: int | None = None) -> None:
    """Lets the slot take an event with that number, and rest."""
    if number is not None:
        enqueue_input(slot, VISITS, (b"c1", event_value(number)))
        slot.wake()
    for _ in range(100):
        await asyncio.sleep(0)


def decided_ids(slot: Slot) -> list[str]:
    """The ids of the events that were decided, in order; all that was fed is in the last checkpoint."""
    decider = slot._decider
    assert isinstance(decider, RecordingDecider)
    assert not decider.has_pending()
    return decider.ids


async def test_an_event_is_journaled_and_decided_in_one_transaction() -> None:
    slot, _ = working_slot()
    await work(slot, 1)
    assert decided_ids(slot) == ["1"]
    assert [key for key, _, _ in committed_records(slot)[CHANGELOG]] == [b"default/c1", CHECKPOINT_KEY, None]
    assert journal_position(slot) == 1
    await slot.suspend()
    await slot.close()


def journal_position(slot: Slot) -> int:
    """The journal position of the last committed checkpoint."""
    return slot.checkpoint.feeds["journal:0"]


async def test_the_next_event_is_decided_at_once_too_though_nothing_was_fetched() -> None:
    slot, producer = working_slot()
    for number in (1, 2, 3):
        await work(slot, number)
    assert decided_ids(slot) == ["1", "2", "3"]
    assert [offset for offset, _, _ in journal_log(slot)] == [0, 2, 4]
    assert producer.expected[0] == []
    assert producer.expected[-2] == [CHANGELOG], "named to the broker ahead"
    await slot.suspend()
    await slot.close()


async def test_what_is_fetched_later_is_not_decided_twice() -> None:
    slot, _ = working_slot()
    for number in (1, 2):
        await work(slot, number)
        fetch_journal(slot)
        await work(slot)
    assert decided_ids(slot) == ["1", "2"]
    assert slot.buffers[JOURNAL].committed_position == slot.buffers[JOURNAL].fetch_position == 4
    await slot.suspend()
    await slot.close()


async def test_a_record_of_another_slot_is_decided_before_those_behind_it() -> None:
    slot, producer = working_slot()
    await work(slot, 1)
    producer.of_others.append(journal_log(slot)[0][2].replace(b'"1"', b'"other"'))
    await work(slot, 2)
    assert decided_ids(slot) == ["1"], "what another slot wrote is not known yet"
    fetch_journal(slot)
    await work(slot)
    assert decided_ids(slot) == ["1", "other", "2"]
    await work(slot, 3)
    assert decided_ids(slot) == ["1", "other", "2", "3"]
    await slot.suspend()
    await slot.close()


async def test_a_tick_is_decided_in_the_next_transaction_without_a_fetch() -> None:
    slot, _ = working_slot(state_with_advances(ClockAdvance(0, "acme", 7_000, {})))
    await work(slot)
    await work(slot)
    ticks = [records.decode(value) for _, _, value in journal_log(slot)]
    assert [tick.at for tick in ticks if isinstance(tick, records.Tick)] == [7_000]
    assert journal_position(slot) == 1
    await slot.suspend()
    await slot.close()


async def test_a_broker_that_does_not_answer_ends_the_transaction() -> None:
    class SilentProducer(FakeProducer):
        async def write_ahead(self, *_: object) -> dict[Partition, int]:
            await asyncio.Event().wait()
            raise AssertionError

    slot = fake_slot()
    enqueue_input(slot, VISITS, (b"c1", event_value(1)))
    batch = slot._new_batch()
    list(slot.ingest(batch, 5_000))
    own: OwnJournal = OwnJournal(JOURNAL, SilentProducer(), 0.01)  # type: ignore[arg-type]  # all that it asks of one
    with pytest.raises(Internal, match="longer than its bound"):
        await own.write_ahead(batch, slot.buffers[JOURNAL])
