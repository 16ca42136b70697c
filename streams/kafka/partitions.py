"""Partitions of topics: the one of a key, and the slot that owns one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from aiokafka.partitioner import murmur2


class Partition(NamedTuple):
    """One partition of a topic; equal to Faust's TP and aiokafka's TopicPartition of the same values."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> Partition:
        """The inverse of `str()`. Raises ValueError for anything else."""
        topic, _, number = text.rpartition(":")
        if not topic:
            raise ValueError(f"not a partition: {text!r}")
        return cls(topic, int(number))


def partition_for_key(key: bytes, count: int) -> int:
    """The partition of a key by Kafka's default partitioner: murmur2, made positive, modulo `count`."""
    return int((murmur2(key) & 0x7FFFFFFF) % count)


def slot_for_partition(partition: int, slots: int) -> int:
    """The slot that owns a partition of an in-topic. It does not depend on the topic's partition count."""
    return partition % slots


def all_partitions(topics: Iterable[tuple[str, int]]) -> list[Partition]:
    """Every partition of topics; each topic comes with its partition count."""
    return [Partition(topic, number) for topic, count in topics for number in range(count)]


SourcePartition = tuple[str, int]
"""In-topic without prefix, partition."""
