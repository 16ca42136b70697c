"""The next transaction is built while one is in flight, is sent after it, and never without it."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from streams.engine.journal import records
from streams.errors import Internal
from streams.kafka.batches import BatchWriter
from streams.kafka.partitions import Partition
from streams.runtime.faust.runs import FetchedRun
from streams.runtime.slots.pipeline import TransactionPipeline
from streams.runtime.slots.slot import MANY_RECORDS, Slot
from streams.runtime.time.clock_advances import ClockAdvance
from streams.runtime.time.ticks import ControlState
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.fake_slot import (
    JOURNAL,
    VISITS,
    FakeProducer,
    committed_records,
    fake_slot,
    state_with_advances,
)
from tests.harness.runtime.process_exit import ProcessExit, patch_process_exit


class SlowCommits:
    """Commits what it is told to, when it is told to."""

    def __init__(self) -> None:
        self.began: list[Any] = []
        self.errors: list[BaseException] = []
        self.has_failed = asyncio.Event()
        self.answers: dict[Any, asyncio.Future[None]] = {}

    async def commit(self, batch: Any) -> None:
        self.began.append(batch)
        self.answers[batch] = asyncio.get_running_loop().create_future()
        await self.answers[batch]

    async def on_error(self, error: BaseException) -> None:
        self.errors.append(error)
        self.has_failed.set()
        await asyncio.Event().wait()  # the process ends here

    def pipeline(self, bound_seconds: float = 60) -> TransactionPipeline:
        """A pipeline that commits by this object."""
        return TransactionPipeline(self.commit, self.on_error, lambda: None, bound_seconds)


async def settle() -> None:
    """Lets every task that can go on do so."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_transactions_are_sent_one_at_a_time_in_order() -> None:
    commits = SlowCommits()
    pipeline = commits.pipeline()
    pipeline.hold()
    await pipeline.put("first")  # type: ignore[arg-type]  # nothing looks into it
    pipeline.hold()
    second = asyncio.create_task(pipeline.put("second"))  # type: ignore[arg-type]
    await settle()
    assert commits.began == ["first"]
    assert not second.done()
    commits.answers["first"].set_result(None)
    await settle()
    assert commits.began == ["first", "second"]
    assert pipeline.is_busy()
    drain = asyncio.create_task(pipeline.drain())
    await settle()
    assert not drain.done()
    commits.answers["second"].set_result(None)
    await drain
    assert not pipeline.is_busy()


async def test_nothing_is_sent_after_a_transaction_that_failed() -> None:
    commits = SlowCommits()
    pipeline = commits.pipeline()
    pipeline.hold()
    await pipeline.put("first")  # type: ignore[arg-type]
    pipeline.hold()
    second = asyncio.create_task(pipeline.put("second"))  # type: ignore[arg-type]
    await settle()
    commits.answers["first"].set_exception(Internal("refused"))
    await settle()
    assert commits.began == ["first"]
    assert [str(error) for error in commits.errors] == ["refused"]
    assert pipeline.is_busy()
    second.cancel()
    await pipeline.close()


async def test_a_transaction_that_takes_longer_than_its_bound_is_an_error() -> None:
    commits = SlowCommits()
    pipeline = commits.pipeline(bound_seconds=0.01)
    pipeline.hold()
    await pipeline.put("first")  # type: ignore[arg-type]
    await commits.has_failed.wait()
    assert isinstance(commits.errors[0], Internal)
    await pipeline.close()


class SlowProducer(FakeProducer):
    """Commits a transaction when it is allowed to, or fails."""

    def __init__(self) -> None:
        super().__init__()
        self.permits, self.commits = asyncio.Semaphore(0), asyncio.Semaphore(0)
        self.error: Exception | None = None

    def permit_all(self) -> None:
        """Gives more permits than a slot needs to come to rest."""
        for _ in range(10):
            self.permits.release()

    async def write(self, writer: BatchWriter) -> dict[Partition, int]:
        """Waits for a permit."""
        await self.permits.acquire()
        if self.error is not None:
            raise self.error
        last_offsets = await super().write(writer)
        self.commits.release()
        return last_offsets


def slow_slot(control_state: ControlState | None = None) -> tuple[Slot, SlowProducer]:
    """A slot that works, and its producer."""
    producer = SlowProducer()
    slot = fake_slot(control_state=control_state, producer=producer)
    slot.start(dict.fromkeys(slot.buffers, 1))
    return slot, producer


def enqueue_events(slot: Slot, count: int, at: int = 1_000) -> None:
    """Enqueues events in an in-topic partition."""
    buffer = slot.buffers[VISITS]
    first = buffer.fetch_position
    events = [
        FakeRecord(VISITS.topic, 0, offset, at, b"c1", msgspec.json.encode(event(offset)))
        for offset in range(first, first + count)
    ]
    assert slot.enqueue(FetchedRun(events, first, first + count, buffer.token or 0, 1 << 50), VISITS)
    slot.wake()


def event(number: int) -> dict[str, object]:
    """An event of the counting program."""
    return {"id": str(number), "contact": "c1", "amount": 1, "at": 1_000}


async def test_under_load_the_next_transaction_is_built_on_the_one_in_flight() -> None:
    slot, producer = slow_slot()
    enqueue_events(slot, MANY_RECORDS)
    await settle()
    enqueue_events(slot, MANY_RECORDS, at=2_000)
    await settle()
    buffer = slot.buffers[VISITS]
    assert not buffer.queue, "the second is built"
    assert committed_records(slot) == {}
    assert slot.checkpoint.feeds == {}
    assert buffer.smallest_arrival() == 1_000, "the claim waits for the first"
    producer.permits.release()
    await settle()
    assert slot.checkpoint.feeds["web-visits:0"] == MANY_RECORDS
    assert buffer.smallest_arrival() == 2_000
    producer.permits.release()
    await settle()
    assert slot.checkpoint.feeds["web-visits:0"] == 2 * MANY_RECORDS
    ids = [msgspec.json.decode(value or b"")["id"] for _, value, _ in committed_records(slot)[JOURNAL]]
    assert ids == [str(number) for number in range(2 * MANY_RECORDS)]
    producer.permit_all()  # events are decided
    await slot.suspend()
    await slot.close()


async def test_a_few_records_wait_for_the_transaction_in_flight_and_go_into_one() -> None:
    slot, producer = slow_slot()
    enqueue_events(slot, 1)
    await settle()
    for _ in range(3):
        enqueue_events(slot, 1)
        await settle()
    assert len(slot.buffers[VISITS].queue) == 3
    producer.permits.release()
    producer.permits.release()
    for _ in range(2):
        await producer.commits.acquire()
    await slot.suspend()
    assert slot.checkpoint.feeds["web-visits:0"] == 4
    await slot.close()


async def test_a_revocation_waits_for_what_is_built_too() -> None:
    slot, producer = slow_slot()
    for _ in range(2):
        enqueue_events(slot, MANY_RECORDS)
        await settle()
    enqueue_events(slot, 7)
    suspension = asyncio.create_task(slot.suspend())
    await settle()
    producer.permits.release()
    await settle()
    assert not suspension.done()
    producer.permits.release()
    await suspension
    assert slot.checkpoint.feeds["web-visits:0"] == 2 * MANY_RECORDS
    slot.start({VISITS: 2})
    assert slot.buffers[VISITS].fetch_position == 2 * MANY_RECORDS, "the rest is fetched again"
    await slot.suspend()
    await slot.close()


def ticks_in_journal(slot: Slot) -> list[int]:
    """The instants of the ticks that the slot has committed."""
    decoded = [records.decode(value or b"") for _, value, _ in committed_records(slot)[JOURNAL]]
    return [record.at for record in decoded if isinstance(record, records.Tick)]


async def test_one_control_record_is_in_flight_at_a_time() -> None:
    advances = [ClockAdvance(0, "acme", 7_000, {}), ClockAdvance(1, "acme", 8_000, {})]
    slot, producer = slow_slot(state_with_advances(*advances))
    await settle()
    enqueue_events(slot, MANY_RECORDS)
    await settle()
    producer.permits.release()
    await settle()
    assert ticks_in_journal(slot) == [7_000], "it is not decided yet"
    producer.permit_all()
    async with asyncio.timeout(5):
        while ticks_in_journal(slot) != [7_000, 8_000]:
            assert ticks_in_journal(slot) == [7_000]
            await asyncio.sleep(0.001)
    assert slot.checkpoint.feeds["journal:0"] > MANY_RECORDS, "the first is decided"
    producer.permit_all()  # the second is decided
    await slot.suspend()
    await slot.close()


async def test_a_transaction_that_fails_ends_the_process_and_what_is_built_on_it_is_not_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exits: list[int] = []
    patch_process_exit(monkeypatch)
    slot, producer = slow_slot()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: exits.append(1))
    for _ in range(2):
        enqueue_events(slot, MANY_RECORDS)
        await settle()
    producer.error = Internal("refused")
    first: Any = slot._pipeline._task
    producer.permits.release()
    with pytest.raises(ProcessExit):
        await first
    assert committed_records(slot) == {}
    await slot.close()
