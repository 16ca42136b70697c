"""Partitions of topics: the one of a key, and the slot that owns one."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

_MURMUR2_SEED = 0x9747B28C
_MURMUR2_FACTOR = 0x5BD1E995


PartitionKey = Literal["record", "contact"]
"""What the partition of a journal record follows from: its whole key, `account/contact`, or the contact's id."""


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


@lru_cache(maxsize=32_768)
def partition_for_key(key: bytes, count: int) -> int:
    """The partition of a key by Kafka's default partitioner: murmur2, made positive, modulo `count`."""
    return (murmur2(key) & 0x7FFFFFFF) % count


def journal_partition(key: bytes, count: int, partition_key: PartitionKey) -> int:
    """The journal partition of a record by its key, `account/contact`.

    By the contact alone it is the partition that Kafka's own partitioner chooses for events with the contact's id as
    their key, in an in-topic of as many partitions: then a slot that takes an event in also decides it.
    """
    return partition_for_key(key if partition_key == "record" else key.partition(b"/")[2], count)


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit hash of a key, unsigned."""
    # It is taken of every event, and aiokafka's takes two to three times as long.
    length = len(data)
    value = _MURMUR2_SEED ^ length
    for word in struct.unpack_from(f"<{length // 4}I", data):
        mixed = word * _MURMUR2_FACTOR & 0xFFFFFFFF
        value = (value * _MURMUR2_FACTOR ^ (mixed ^ mixed >> 24) * _MURMUR2_FACTOR) & 0xFFFFFFFF
    rest = length % 4
    if rest:
        value = (value ^ int.from_bytes(data[-rest:], "little")) * _MURMUR2_FACTOR & 0xFFFFFFFF
    value = (value ^ value >> 13) * _MURMUR2_FACTOR & 0xFFFFFFFF
    return value ^ value >> 15


def slot_for_partition(partition: int, slots: int) -> int:
    """The slot that owns a partition of an in-topic. It does not depend on the topic's partition count."""
    return partition % slots


def all_partitions(topics: Iterable[tuple[str, int]]) -> list[Partition]:
    """Every partition of topics; each topic comes with its partition count."""
    return [Partition(topic, number) for topic, count in topics for number in range(count)]


SourcePartition = tuple[str, int]
"""In-topic without prefix, partition."""
