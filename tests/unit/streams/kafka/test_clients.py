"""A cluster that comes back shows no broker for a moment: clients ask again, programs say that no Kafka answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import NodeNotReadyError

from streams.errors import BrokerUnavailable
from streams.kafka.clients import admin_client, expect_no_brokers, open_producer


@pytest.fixture
def emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client finds a cluster that shows no broker."""

    async def bootstrap(client: AIOKafkaClient) -> None:
        assert client.cluster.brokers() == set()

    monkeypatch.setattr(AIOKafkaClient, "bootstrap", bootstrap)


async def test_the_question_for_a_coordinator_waits_for_a_broker() -> None:
    client: Any = AIOKafkaClient()
    expect_no_brokers(client)
    with pytest.raises(NodeNotReadyError):
        await client.coordinator_lookup(CoordinationType.TRANSACTION, "slot-0")
    assert NodeNotReadyError.retriable


async def test_a_broker_that_is_there_is_asked() -> None:
    client: Any = AIOKafkaClient()
    client.get_random_node = lambda: 0
    expect_no_brokers(client)
    assert client.get_random_node() == 0


@pytest.mark.usefixtures("emptied")
async def test_a_program_that_finds_no_broker_says_that_no_kafka_answers() -> None:
    async with asyncio.timeout(30):
        with pytest.raises(BrokerUnavailable, match="no Kafka answers at localhost"):
            async with open_producer("localhost"):
                pytest.fail("there is no broker")
        with pytest.raises(BrokerUnavailable, match="no Kafka answers at localhost"):
            async with admin_client("localhost") as admin:
                await admin.describe_topics(["orders"])
