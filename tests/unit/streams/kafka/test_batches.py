"""Batches keep the order of records; records that are too large are refused before they are sent."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced

from streams.engine.journal.effects import Refusal, SourceRecord
from streams.errors import Fenced, Internal
from streams.kafka.batches import RECORD_BYTES, BatchWriter
from streams.kafka.dead_letters import dead_letter_from_decision, dead_letter_from_record
from streams.kafka.partitions import Partition
from streams.runtime.slots.producer import SlotProducer
from streams.settings import Settings
from tests.harness.runtime.fake_slot import FakeBatch

OUT = Partition("out", 0)


def test_a_full_batch_is_followed_by_another_of_the_same_partition() -> None:
    batches: list[FakeBatch] = []

    def create_batch() -> FakeBatch:
        batches.append(FakeBatch(room=2))
        return batches[-1]

    writer = BatchWriter(SimpleNamespace(create_batch=create_batch))
    for number in range(5):
        writer.add(OUT, b"k", b"%d" % number)
    assert list(writer.batches()) == [(OUT, batch) for batch in batches]
    values = [[value for _, value, _ in batch.records] for batch in batches]
    assert values == [[b"0", b"1"], [b"2", b"3"], [b"4"]]


def test_a_record_larger_than_the_broker_takes_is_refused_before_it_is_sent() -> None:
    writer = BatchWriter(SimpleNamespace(create_batch=FakeBatch))
    with pytest.raises(Internal, match=r"larger than \d+; the SHA-256"):
        writer.add(OUT, b"k", b"x" * RECORD_BYTES)


def producer_with(aiokafka: Any) -> SlotProducer:
    """A slot's producer over a fake one of aiokafka."""
    producer = SlotProducer(Settings(), "slot-0")
    producer._producer = aiokafka
    return producer


class FakeTransactions:
    """aiokafka's producer: `answers` are the batches' results; it commits although a batch was refused."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[str] = []

    def create_batch(self) -> FakeBatch:
        return FakeBatch(room=1)

    async def begin_transaction(self) -> None:
        self.calls.append("begin")

    async def send_batch(self, batch: Any, topic: str, partition: int) -> Any:
        self.calls.append("send")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(SimpleNamespace(offset=answer))
        return future

    async def commit_transaction(self) -> None:
        self.calls.append("commit")


async def test_a_transaction_is_not_committed_when_one_of_its_batches_was_refused() -> None:
    fake = FakeTransactions(3, MessageSizeTooLargeError())
    producer = producer_with(fake)
    writer = producer.new_batch_writer()
    writer.add(OUT, b"k", b"1")
    writer.add(OUT, b"k", b"2")
    with pytest.raises(MessageSizeTooLargeError):
        await producer.write(writer)
    assert "commit" not in fake.calls


async def test_a_transaction_returns_the_last_offset_of_each_partition() -> None:
    fake = FakeTransactions(3, 4)
    producer = producer_with(fake)
    writer = producer.new_batch_writer()
    writer.add(OUT, b"k", b"1")
    writer.add(OUT, b"k", b"2")
    assert await producer.write(writer) == {OUT: 4}
    assert fake.calls == ["begin", "send", "send", "commit"]


async def test_what_is_written_ahead_is_committed_with_what_follows_in_one_transaction() -> None:
    fake = FakeTransactions(3, 7, 9)
    producer = producer_with(fake)
    ahead, rest, another = [producer.new_batch_writer() for _ in range(3)]
    for number, writer in enumerate((ahead, rest, another)):
        writer.add(OUT, b"k", b"%d" % number)
    assert await producer.write_ahead(ahead, []) == {OUT: 3}
    assert await producer.write(rest) == {OUT: 7}
    assert await producer.write(another) == {OUT: 9}
    assert fake.calls == ["begin", "send", "send", "commit", "begin", "send", "commit"]


async def test_the_last_offset_of_a_batch_is_that_of_its_last_record() -> None:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(SimpleNamespace(offset=40))
    assert await producer_with(FakeTransactions()).await_acknowledgements([(OUT, 3, future)]) == {OUT: 42}


async def test_a_fenced_producer_says_that_another_process_took_over() -> None:
    producer = producer_with(FakeTransactions(ProducerFenced()))
    writer = producer.new_batch_writer()
    writer.add(OUT, b"k", b"1")
    with pytest.raises(Fenced, match="slot-0 was taken over"):
        await producer.write(writer)


def source(value: bytes | None, key: bytes | None = b"c1", headers: Any = (("h", b"1"),)) -> SourceRecord:
    """A record of an in-topic."""
    return SourceRecord("web-visits", 2, 7, 1, key, value, headers, 1)


def test_a_dead_letter_has_the_bytes_as_received_and_what_is_needed_to_repair_them() -> None:
    letter = dead_letter_from_record(source(b"\xff broken"), Refusal("bad", "not JSON"))
    assert (letter.key, letter.value) == (b"c1", b"\xff broken")
    assert dict(letter.headers) == {
        "h": b"1",
        "source-topic": b"web-visits",
        "source-partition": b"2",
        "source-offset": b"7",
        "error-code": b"bad",
        "error-message": b"not JSON",
    }


def test_the_dead_letter_of_a_tombstone_is_a_tombstone() -> None:
    assert dead_letter_from_record(source(None), Refusal("bad", "no value")).value is None


def test_a_dead_letter_leaves_out_what_is_too_large() -> None:
    large = b"x" * RECORD_BYTES
    assert dead_letter_from_record(source(large), Refusal("too_large", "")).value is None
    without_key = dead_letter_from_record(source(b"v", key=large), Refusal("too_large", ""))
    assert (without_key.key, without_key.value) == (None, b"")
    without_headers = dead_letter_from_record(source(b"v", headers=(("h", large),)), Refusal("too_large", ""))
    assert "h" not in dict(without_headers.headers)


def test_the_dead_letter_of_an_event_refused_when_decided_is_keyed_by_its_contact() -> None:
    value = (
        b'{"kind":"event","type":"lead.qualified","id":"1","at":1,"account":"a","contact":"c1","source":["t",0,1]}'
    )
    letter = dead_letter_from_decision(Refusal("no_lead", "there is no lead"), ("lead-commands", 0, 1), value)
    event = b'{"id":"1","type":"lead.qualified","at":"1970-01-01T00:00:00.001Z","account":"a","contact":"c1"}'
    assert (letter.key, letter.value) == (b"c1", event)
    assert dict(letter.headers)["error-code"] == b"no_lead"


def test_the_dead_letter_of_a_foreign_journal_record_has_its_bytes() -> None:
    letter = dead_letter_from_decision(Refusal("no_lead", "there is no lead"), ("lead-commands", 0, 1), b"\xff")
    assert (letter.key, letter.value) == (None, b"\xff")
