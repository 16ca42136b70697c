"""Keys go to the partitions that Kafka's other clients choose."""

from __future__ import annotations

import random

from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka

from streams.kafka.partitions import murmur2, partition_for_key


def test_the_hash_of_a_key_is_that_of_aiokafka() -> None:
    chance = random.Random(7)
    for length in [*range(70), 255, 900]:
        for data in (bytes(length), b"\xff" * length, *(chance.randbytes(length) for _ in range(20))):
            assert murmur2(data) == murmur2_of_aiokafka(data) & 0xFFFFFFFF, data


def test_a_key_has_a_partition_for_each_count() -> None:
    for count in (1, 3, 8, 1_000):
        positive = murmur2_of_aiokafka("default/zo\u00eb".encode()) & 0x7FFFFFFF
        assert partition_for_key("default/zo\u00eb".encode(), count) == positive % count
