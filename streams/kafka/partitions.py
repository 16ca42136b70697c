"""Partitions of topics: the one of a key, and the slot that owns one."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

_MULTIPLIER = 0x5BD1E995
_SEED = 0x9747B28C
_UINT32 = 0xFFFFFFFF


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
    return (murmur2(key) & 0x7FFFFFFF) % count


def murmur2(key: bytes) -> int:
    """The hash of a key as Kafka's default partitioner has it, as 32 bits without sign.

    aiokafka has it too, byte by byte, at a multiple of the time.
    """
    length = len(key)
    rest = length & 3
    hashed = _SEED ^ length
    for word in struct.unpack_from(f"<{length >> 2}I", key):
        mixed = word * _MULTIPLIER & _UINT32
        hashed = (hashed * _MULTIPLIER ^ (mixed ^ mixed >> 24) * _MULTIPLIER) & _UINT32
    if rest:
        hashed = (hashed ^ int.from_bytes(key[-rest:], "little")) * _MULTIPLIER & _UINT32
    hashed = (hashed ^ hashed >> 13) * _MULTIPLIER & _UINT32
    return hashed ^ hashed >> 15


def slot_for_partition(partition: int, slots: int) -> int:
    """The slot that owns a partition of an in-topic. It does not depend on the topic's partition count."""
    return partition % slots


def all_partitions(topics: Iterable[tuple[str, int]]) -> list[Partition]:
    """Every partition of topics; each topic comes with its partition count."""
    return [Partition(topic, number) for topic, count in topics for number in range(count)]


SourcePartition = tuple[str, int]
"""In-topic without prefix, partition."""
