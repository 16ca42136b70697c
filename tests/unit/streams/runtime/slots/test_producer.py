"""A slot's producer takes a new epoch while the slot builds its next transaction."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, ProducerFenced

from streams.kafka.partitions import Partition
from streams.runtime.slots import producer as producer_module
from streams.runtime.slots.producer import SlotProducer
from streams.settings import Settings
from tests.harness.runtime.fake_slot import FakeBatch

JOURNAL = Partition("journal", 0)


class StepwiseProducer:
    """An AIOKafkaProducer whose start and stop end when they may, and fail as told."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.may_start, self.may_stop = asyncio.Event(), asyncio.Event()
        self.start_error: Exception | None = None
        self.stop_error: Exception | None = None

    async def start(self) -> None:
        self.calls.append("starts")
        await self.may_start.wait()
        if self.start_error is not None:
            raise self.start_error
        self.calls.append("started")

    async def stop(self) -> None:
        self.calls.append("stops")
        await self.may_stop.wait()
        if self.stop_error is not None:
            raise self.stop_error
        self.calls.append("stopped")

    def create_batch(self) -> FakeBatch:
        return FakeBatch()

    @property
    def client(self) -> AIOKafkaClient:
        return AIOKafkaClient()


class Producers:
    """The producers that a slot's producer makes, one after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[StepwiseProducer] = []
        monkeypatch.setattr(producer_module, "AIOKafkaProducer", self._make)

    def _make(self, **_options: Any) -> StepwiseProducer:
        self.made.append(StepwiseProducer())
        return self.made[-1]

    async def fenced(self) -> SlotProducer:
        """A slot's producer that has fenced the former owner."""
        slot_producer = SlotProducer(Settings(), "slot-0")
        fencing = asyncio.create_task(slot_producer.fence())
        await settle()
        self.made[0].may_start.set()
        await fencing
        return slot_producer


async def settle() -> None:
    """Lets every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def aiokafka_of(slot_producer: SlotProducer) -> Any:
    """The producer that it uses now."""
    return slot_producer._producer


def can_build(slot_producer: SlotProducer) -> bool:
    """Whether the slot can begin its next transaction."""
    writer = slot_producer.new_batch_writer()
    writer.add(JOURNAL, b"c1", b"an event")
    return len(list(writer.batches())) == 1


async def test_records_that_arrive_while_a_new_epoch_is_taken_are_written_into_the_next_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    producers = Producers(monkeypatch)
    slot_producer = await producers.fenced()
    renewal = asyncio.create_task(slot_producer.renew_epoch())
    await settle()
    assert can_build(slot_producer)
    former, new = producers.made
    assert new.calls == ["starts"]
    new.may_start.set()
    await settle()
    assert former.calls == ["starts", "started", "stops"]
    assert can_build(slot_producer)
    former.may_stop.set()
    await renewal
    assert aiokafka_of(slot_producer) is new
    assert former.calls[-1] == "stopped"
    assert can_build(slot_producer)


async def test_a_former_producer_that_is_fenced_when_it_stops_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    producers = Producers(monkeypatch)
    slot_producer = await producers.fenced()
    producers.made[0].may_stop.set()
    producers.made[0].stop_error = ProducerFenced()
    renewal = asyncio.create_task(slot_producer.renew_epoch())
    await settle()
    producers.made[1].may_start.set()
    await renewal
    assert aiokafka_of(slot_producer) is producers.made[1]


async def test_a_new_epoch_that_is_not_to_be_had_leaves_no_connection_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    producers = Producers(monkeypatch)
    slot_producer = await producers.fenced()
    renewal = asyncio.create_task(slot_producer.renew_epoch())
    await settle()
    former, new = producers.made
    new.start_error = KafkaError("the coordinator is away")
    for each in (new.may_start, new.may_stop, former.may_stop):
        each.set()
    with pytest.raises(KafkaError, match="coordinator is away"):
        await renewal
    await slot_producer.stop()
    assert new.calls[-1] == former.calls[-1] == "stopped"


async def test_a_take_over_that_is_given_up_leaves_no_connection_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    producers = Producers(monkeypatch)
    fencing = asyncio.create_task(SlotProducer(Settings(), "slot-0").fence())
    await settle()
    fencing.cancel()
    await settle()
    fencing.cancel()  # by another rebalance
    await settle()
    producers.made[0].may_stop.set()
    with pytest.raises(asyncio.CancelledError):
        await fencing
    assert producers.made[0].calls == ["starts", "stops", "stopped"]
