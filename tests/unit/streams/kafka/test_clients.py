"""A cluster that comes back shows no broker at first: clients wait, and say in the end that no Kafka answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NodeNotReadyError

from streams.errors import BrokerUnavailable
from streams.kafka import clients
from streams.kafka.clients import admin_client, open_producer, wait_for_brokers


class ReturningCluster:
    """The client of a cluster that shows `brokers` one after the other, each time that somebody asks."""

    def __init__(self, brokers: Iterable[set[str]]) -> None:
        self._answers: Iterator[set[str]] = iter(brokers)
        self._shown: set[str] = set()
        self.calls: list[str] = []
        self.cluster = SimpleNamespace(brokers=lambda: self._shown)

    async def bootstrap(self) -> None:
        self.calls.append("connects")
        self._shown = next(self._answers)

    async def force_metadata_update(self) -> bool:
        self.calls.append("asks")
        self._shown = next(self._answers)
        return bool(self._shown)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_BROKER_PAUSE_SECONDS", 0.0)


async def test_a_client_waits_until_a_broker_is_shown() -> None:
    client: Any = ReturningCluster([set(), set(), {"first"}])
    wait_for_brokers(client)
    await client.bootstrap()
    assert client.calls == ["connects", "asks", "asks"]


async def test_a_broker_that_is_shown_at_once_is_not_waited_for() -> None:
    client: Any = ReturningCluster([{"first"}])
    wait_for_brokers(client)
    await client.bootstrap()
    assert client.calls == ["connects"]


async def test_a_cluster_that_never_shows_a_broker_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "BROKER_SECONDS", 0.01)
    client: Any = ReturningCluster(iter(set, None))
    wait_for_brokers(client)
    async with asyncio.timeout(30):
        with pytest.raises(NodeNotReadyError, match=r"shows no broker for 0\.01 s"):
            await client.bootstrap()


async def test_a_program_that_finds_no_broker_says_that_no_kafka_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(client: AIOKafkaClient) -> None:
        assert client.cluster.brokers() == set()

    async def ask(_client: AIOKafkaClient) -> bool:
        return False

    monkeypatch.setattr(AIOKafkaClient, "bootstrap", connect)
    monkeypatch.setattr(AIOKafkaClient, "force_metadata_update", ask)
    monkeypatch.setattr(clients, "BROKER_SECONDS", 0.01)
    async with asyncio.timeout(30):
        with pytest.raises(BrokerUnavailable, match="no Kafka answers at localhost"):
            async with open_producer("localhost"):
                pytest.fail("there is no broker")
        with pytest.raises(BrokerUnavailable, match="no Kafka answers at localhost"):
            async with admin_client("localhost"):
                pytest.fail("there is no broker")
