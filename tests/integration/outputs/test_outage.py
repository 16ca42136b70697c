"""`leadstream tail` says when Kafka goes away and when it is back; a question does not wait for a fetch."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

from aiokafka import AIOKafkaProducer

from connectors.kafka.broker import LocalBroker
from connectors.ports import free_port
from streams.kafka.clients import fetch_partitions
from streams.kafka.reader import FOLLOW_WAIT_MS, fetch_end_offsets, open_consumer
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from tests.harness.cli import start_leadstream

LIMIT_SECONDS = 60.0
RECORD = b'{"type": "of another writer", "at": "2026-03-01T00:00:00.000Z"}'


async def write_change(bootstrap: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    await producer.send_and_wait("lead-changes", RECORD)
    await producer.stop()


def test_tail_says_that_kafka_is_away_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    where = {"LEADSTREAM_BOOTSTRAP": f"127.0.0.1:{port}"}
    broker = LocalBroker(tmp_path / "kafka", port)
    try:
        broker.start()
        asyncio.run(create_topics(Settings(bootstrap=broker.bootstrap, partitions=1, in_partitions=1)))
        with start_leadstream("tail", "--from", "beginning", env=where) as tail:
            assert tail.stdout is not None
            assert tail.stderr is not None
            try:
                asyncio.run(write_change(broker.bootstrap))
                assert "2026-03-01" in tail.stdout.readline()
                broker.stop()
                away = tail.stderr.readline()
                assert (
                    away
                    == f"leadstream: no Kafka answers at {broker.bootstrap}; what comes is shown once it does again\n"
                )
                broker.start()
                assert tail.stderr.readline() == f"leadstream: Kafka answers at {broker.bootstrap} again\n"
                asyncio.run(write_change(broker.bootstrap))
                assert "2026-03-01" in tail.stdout.readline()
                tail.send_signal(signal.SIGINT)
                assert tail.wait(LIMIT_SECONDS) == 0
            finally:
                tail.kill()
    finally:
        broker.stop()


async def test_a_question_for_an_offset_does_not_wait_for_a_fetch_of_nothing(kafka: str, prefix: str) -> None:
    questions = 10
    settings = Settings(bootstrap=kafka, prefix=prefix, partitions=1, in_partitions=1)
    await create_topics(settings)
    (partition,) = (await fetch_partitions(kafka, [f"{prefix}journal"]))[f"{prefix}journal"]
    async with open_consumer(kafka, "leadstream-test") as consumer:
        begin = time.monotonic()
        for _ in range(questions):
            await fetch_end_offsets(consumer, [partition])
            await consumer.seek_to_beginning(partition)
            assert await consumer.getmany(partition, timeout_ms=1) == {}
        took_ms = 1_000 * (time.monotonic() - begin)
    assert took_ms < questions * FOLLOW_WAIT_MS / 2
