"""Names partitions to the broker before there are batches for them, which saves a transaction a round trip.

aiokafka asks for AddPartitionsToTxn when the first batch of a partition waits, and asks again for what comes later.
`Any` stands for private objects of aiokafka.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiokafka import TopicPartition

from streams.kafka.partitions import Partition


def add_partitions(producer: Any, partitions: Iterable[Partition]) -> None:
    """Adds partitions to the open transaction of this AIOKafkaProducer, with the next request that adds any.

    One that gets no batch then only gets the transaction's end, a control record.
    """
    for partition in partitions:
        producer._txn_manager.maybe_add_partition_to_txn(TopicPartition(*partition))
