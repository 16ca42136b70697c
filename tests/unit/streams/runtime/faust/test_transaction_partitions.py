"""Partitions are named to the broker ahead, each of them, as aiokafka knows them."""

from __future__ import annotations

from types import SimpleNamespace

from aiokafka import TopicPartition

from streams.kafka.partitions import Partition
from streams.runtime.faust.transaction_partitions import add_partitions


def test_every_partition_that_is_expected_is_added_to_the_open_transaction() -> None:
    added: list[TopicPartition] = []
    producer = SimpleNamespace(_txn_manager=SimpleNamespace(maybe_add_partition_to_txn=added.append))
    add_partitions(producer, [Partition("p-changelog", 0), Partition("p-leads", 3)])
    assert added == [TopicPartition("p-changelog", 0), TopicPartition("p-leads", 3)]
    assert all(isinstance(each, TopicPartition) for each in added)
