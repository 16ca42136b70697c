"""The local broker starts, restarts, survives a kill, and reports errors in one line."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from connectors.kafka.broker import LocalBroker
from connectors.ports import free_port
from streams.errors import LocalBrokerError


async def test_a_client_commits_a_transaction_on_the_shared_broker(kafka: str, prefix: str) -> None:
    topic = f"{prefix}orders"
    await _create(kafka, topic)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{prefix}orders")
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(topic, b"first")
    finally:
        await producer.stop()
    assert await _values(kafka, topic) == [b"first"]


async def test_data_and_port_survive_a_restart_and_a_kill(tmp_path: Path) -> None:
    broker = later = LocalBroker(tmp_path / "broker")
    broker.start()
    try:
        address = broker.bootstrap
        first = broker.pid
        await _create(address, "kept")
        producer = AIOKafkaProducer(bootstrap_servers=address, acks="all")
        await producer.start()
        await producer.send_and_wait("kept", b"value")
        await producer.stop()

        broker.restart()
        assert broker.bootstrap == address
        assert broker.pid != first
        assert await _values(address, "kept") == [b"value"]

        broker.kill()
        assert broker.pid is None
        # A new object, as in a later command, knows only the folder.
        later = LocalBroker(tmp_path / "broker")
        later.start()
        assert broker.bootstrap == address
        assert await _values(address, "kept") == [b"value"]
    finally:
        later.stop()
    assert broker.pid is None


def test_a_second_broker_on_the_same_folder_is_refused_and_the_first_lives_on(tmp_path: Path) -> None:
    with LocalBroker(tmp_path) as first:
        with pytest.raises(LocalBrokerError, match="already runs"):
            LocalBroker(tmp_path, port=free_port()).start()
        with pytest.raises(LocalBrokerError, match="already runs"):
            LocalBroker(tmp_path).discard()
        assert first.pid is not None


@pytest.mark.parametrize("end", [LocalBroker.stop, LocalBroker.kill])
def test_a_broker_that_has_ended_leaves_no_process(tmp_path: Path, end: Callable[[LocalBroker], None]) -> None:
    broker = LocalBroker(tmp_path)
    broker.start()
    pid = broker.pid
    assert pid is not None
    end(broker)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)  # raises unless the child was reaped


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(LocalBrokerError, match=f"port {port} is in use"):
            LocalBroker(tmp_path, port=port).start()


def test_a_folder_of_another_broker_is_refused_with_its_reason(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=MkU3OEVBNTcwNTJENDM2Qk\n")
    broker = LocalBroker(tmp_path)
    with pytest.raises(LocalBrokerError, match="belongs to another broker"):
        broker.start()
    assert broker.pid is None


def test_giving_up_the_start_leaves_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_port: int) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("connectors.kafka.broker.accepts_connections", interrupted)
    broker = LocalBroker(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        broker.start()
    assert broker.pid is None
    broker.discard()  # refused while anything runs


def test_transactions_have_the_features_of_this_kafka(tmp_path: Path) -> None:
    with LocalBroker(tmp_path):
        formatted = (tmp_path / "data" / "bootstrap.checkpoint").read_bytes()
    assert b"transaction.version" in formatted


async def _create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
        assert [error for _topic, error, *_ in answer.topic_errors] == [0]
    finally:
        await admin.close()


async def _values(bootstrap: str, topic: str, count: int = 1) -> list[bytes | None]:
    """The first `count` committed values of a topic; a commit becomes visible a moment after its acknowledgement."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(15):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()
