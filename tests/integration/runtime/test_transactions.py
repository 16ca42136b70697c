"""Faults that a slot's producer must repair, provoked on a real Kafka."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.protocol.transaction import EndTxnRequest

from streams.errors import Fenced
from streams.kafka.partitions import Partition
from streams.runtime.faust import end_transaction
from streams.runtime.slots.producer import SlotProducer
from streams.settings import Settings
from tests.harness.deployment.counting_deployment import wait_until
from tests.harness.kafka.topic_reader import end_offsets, read_topic


class Bench:
    """A topic with two partitions and a record limit of 2,000 bytes, and producers of one slot."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.settings = Settings(bootstrap=bootstrap, prefix=prefix)
        self.topic = f"{prefix}out"
        self.id = f"{prefix}slot-0"
        self.producers: list[SlotProducer] = []

    async def producer(self) -> SlotProducer:
        """Creates a producer of the slot, which fences all earlier ones."""
        producer = SlotProducer(self.settings, self.id)
        await producer.fence()
        self.producers.append(producer)
        return producer

    async def values(self) -> list[bytes]:
        """Returns the committed values when every transaction has ended."""
        await wait_until(self._has_ended, "no transaction is open")
        partitions = await read_topic(self.settings.bootstrap, self.topic)
        return [record.value for records in partitions.values() for record in records]

    async def _has_ended(self) -> bool:
        # The broker acknowledges the end of a transaction before it writes the markers.
        return not await self.open_partitions()

    async def open_partitions(self) -> set[int]:
        """Returns the partitions whose last stable offset is before the log end."""
        ends = await end_offsets(self.settings.bootstrap, self.topic)
        stable = await end_offsets(self.settings.bootstrap, self.topic, "read_committed")
        return {number for number, end in ends.items() if stable[number] < end}

    def partition(self, number: int) -> Partition:
        """Returns a partition of the topic."""
        return Partition(self.topic, number)


@pytest.fixture
async def bench(kafka: str, prefix: str) -> AsyncIterator[Bench]:
    end_transaction.patch_end_transaction()
    new_bench = Bench(kafka, prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(new_bench.topic, 2, 1, topic_configs={"max.message.bytes": "2000"})])
    await admin.close()
    yield new_bench
    for producer in new_bench.producers:
        await producer.stop()


async def test_a_transaction_is_visible_as_a_whole_or_not_at_all(bench: Bench) -> None:
    producer = await bench.producer()
    writer = producer.new_batch_writer()
    writer.add(bench.partition(0), b"k", b"a")
    writer.add(bench.partition(1), b"k", b"b")
    last = await producer.write(writer)
    assert last == {bench.partition(0): 0, bench.partition(1): 0}
    assert sorted(await bench.values()) == [b"a", b"b"]


async def test_a_transaction_with_a_refused_batch_does_not_commit_the_rest(bench: Bench) -> None:
    producer = await bench.producer()
    writer = producer.new_batch_writer()
    writer.add(bench.partition(0), b"k", b"good")
    writer.add(bench.partition(1), b"k", b"x" * 5_000)
    with pytest.raises((MessageSizeTooLargeError, KafkaError)):
        await producer.write(writer)
    await bench.producer()  # the next owner ends the open transaction
    assert await bench.values() == []


async def test_a_new_owner_fences_the_former_one_and_ends_its_transaction(bench: Bench) -> None:
    former = await bench.producer()
    await former.begin()
    writer = former.new_batch_writer()
    writer.add(bench.partition(0), b"k", b"never")
    await former.await_acknowledgements(await former.send(writer))
    successor = await bench.producer()
    with pytest.raises((Fenced, KafkaError)):
        await former.commit()
    writer = successor.new_batch_writer()
    writer.add(bench.partition(0), b"k", b"heir")
    await successor.write(writer)
    assert await bench.values() == [b"heir"]


async def run_with_late_end(bench: Bench, renew: bool) -> list[bytes]:
    """Writes two transactions; a copy of the first one's EndTxn arrives in the middle of the second."""
    producer = await bench.producer()
    writer = producer.new_batch_writer()
    writer.add(bench.partition(0), b"k", b"1")
    await producer.write(writer)
    late = late_end(producer._producer)
    if renew:
        await producer.renew_epoch()
    await producer.begin()
    first = producer.new_batch_writer()
    first.add(bench.partition(0), b"k", b"2a")
    await producer.await_acknowledgements(await producer.send(first))
    await arrives(producer._producer, bench.id, late)
    with contextlib.suppress(KafkaError):
        second = producer.new_batch_writer()
        second.add(bench.partition(1), b"k", b"2b")
        await producer.await_acknowledgements(await producer.send(second))
        if renew:
            await producer.commit()
    await bench.producer()  # without the renewal the process died before the second transaction's own end
    return sorted(await bench.values())


def late_end(aiokafka: Any) -> EndTxnRequest:
    """Returns a copy of the last transaction's EndTxn(commit)."""
    manager = aiokafka._txn_manager
    return EndTxnRequest(
        transactional_id=manager.transactional_id,
        producer_id=manager.producer_id,
        producer_epoch=manager.producer_epoch,
        transaction_result=True,
    )


async def arrives(aiokafka: Any, transactional_id: str, request: EndTxnRequest) -> None:
    """Sends the copy to the coordinator."""
    node = await aiokafka.client.coordinator_lookup(CoordinationType.TRANSACTION, transactional_id)
    await aiokafka.client.send(node, request, group=ConnectionGroup.DEFAULT)


async def test_a_late_copy_of_an_end_would_commit_half_of_the_next_transaction(bench: Bench) -> None:
    assert await run_with_late_end(bench, renew=False) == [b"1", b"2a"]


async def test_after_a_new_epoch_a_late_copy_of_an_end_is_harmless(bench: Bench) -> None:
    assert await run_with_late_end(bench, renew=True) == [b"1", b"2a", b"2b"]


async def leave_hanging(bench: Bench) -> SlotProducer:
    """Leaves a transaction open in the log that its coordinator does not know, as after skipped markers."""
    producer = await bench.producer()
    writer = producer.new_batch_writer()
    writer.add(bench.partition(0), b"k", b"hanging")
    aiokafka: Any = producer._producer
    await producer.begin()
    aiokafka._txn_manager._txn_partitions.add(TopicPartition(bench.topic, 0))  # pretends that it is registered
    await producer.await_acknowledgements(await producer.send(writer))
    aiokafka._txn_manager._txn_partitions.clear()  # "empty": no EndTxn is sent
    await producer.commit()
    return producer


async def test_a_hanging_transaction_is_aborted_and_never_visible(bench: Bench, unverified: None) -> None:
    await leave_hanging(bench)
    successor = await bench.producer()
    assert await bench.open_partitions() == {0}
    await successor.abort_hanging_transactions([bench.partition(0), bench.partition(1)])
    assert not await bench.open_partitions()
    writer = successor.new_batch_writer()
    writer.add(bench.partition(0), b"k", b"after")
    await successor.write(writer)
    assert await bench.values() == [b"after"]


async def test_without_the_abort_the_next_commit_adopts_a_hanging_transaction(bench: Bench, unverified: None) -> None:
    await leave_hanging(bench)
    successor = await bench.producer()
    writer = successor.new_batch_writer()
    writer.add(bench.partition(0), b"k", b"after")
    await successor.write(writer)
    assert b"hanging" in await bench.values()


VERIFICATION = "transaction.partition.verification.enable"


async def _is_verified(admin: AIOKafkaAdminClient, value: str) -> bool:
    """Whether the broker's setting has this value."""
    resource = ConfigResource(ConfigResourceType.BROKER, "1", configs={VERIFICATION: None})
    (answer,) = await admin.describe_configs([resource])
    return [entry[1] for entry in answer.resources[0][4] if entry[0] == VERIFICATION] == [value]


@pytest.fixture
async def unverified(kafka: str) -> AsyncIterator[None]:
    """Disables the broker's verification of transactional writes with the coordinator, as in older versions."""

    async def set_verification(value: str) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        try:
            await admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, "1", configs={VERIFICATION: value})])
            await wait_until(
                lambda: _is_verified(admin, value), f"{VERIFICATION} is {value}"
            )  # acknowledged before it takes effect
        finally:
            await admin.close()

    await set_verification("false")
    yield
    await set_verification("true")
