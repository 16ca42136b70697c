"""Reading from a real broker that stops in the middle ends with one error, within the patience."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from connectors.kafka.broker import LocalBroker
from streams.errors import BrokerUnavailable
from streams.kafka.protocols import Consumer
from streams.kafka.reader import PATIENCE_SECONDS, open_consumer, read_batches_to_end, read_to_end

PATIENCE = 2.0
RECORDS = 500
VALUE = b"x" * 10_000
"""The log is larger than what a consumer fetches ahead: 1 MiB of a partition."""


async def test_a_broker_that_stops_in_the_middle_of_a_read_ends_it(tmp_path: Path) -> None:
    with LocalBroker(tmp_path / "broker") as broker:
        partition = await _filled_topic(broker.bootstrap)
        with pytest.raises(BrokerUnavailable, match="orders cannot be read to the end"):
            async with open_consumer(broker.bootstrap, "leadstream-test") as consumer:
                await _read_and_kill(broker, consumer, partition)


async def test_a_transaction_left_open_before_a_given_end_ends_the_read(kafka: str, prefix: str) -> None:
    topic = f"{prefix}orders"
    await _create(kafka, topic)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{prefix}orders")
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(topic, b"open")
            partition = TopicPartition(topic, 0)
            async with open_consumer(kafka, "leadstream-test") as consumer:
                assert [record async for record in read_to_end(consumer, [partition])] == []
                with pytest.raises(BrokerUnavailable, match="no transaction was left open"):
                    [each async for each in read_to_end(consumer, [partition], ends={partition: 1}, patience=0.5)]
    finally:
        await producer.stop()


@pytest.mark.parametrize("turns", range(4))
async def test_a_consumer_that_was_just_assigned_anew_is_stopped(kafka: str, prefix: str, turns: int) -> None:
    first, second = (TopicPartition(f"{prefix}{name}", 0) for name in ("orders", "returns"))
    for partition in (first, second):
        await _create(kafka, partition.topic)
    async with asyncio.timeout(PATIENCE_SECONDS), open_consumer(kafka, "leadstream-test") as consumer:
        consumer.assign([first])
        await consumer.seek_to_beginning(first)
        consumer.assign([second])
        for _ in range(turns):
            await asyncio.sleep(0)


async def _read_and_kill(broker: LocalBroker, consumer: Consumer, partition: TopicPartition) -> None:
    """Kills the broker after the first records."""
    count = 0
    async for batch in read_batches_to_end(consumer, [partition], patience=PATIENCE):
        if not count:
            broker.kill()
        count += len(batch)
    pytest.fail(f"read to the end: {count} records")


async def _filled_topic(bootstrap: str) -> TopicPartition:
    await _create(bootstrap, "orders")
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        await asyncio.gather(*[await producer.send("orders", VALUE) for _ in range(RECORDS)])
    finally:
        await producer.stop()
    return TopicPartition("orders", 0)


async def _create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()
