"""A key's hash is the one of every Kafka client."""

from __future__ import annotations

from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.partitions import murmur2


@given(st.binary(max_size=40) | st.binary(min_size=200, max_size=600))
def test_a_hash_is_that_of_aiokafka(key: bytes) -> None:
    assert murmur2(key) == murmur2_of_aiokafka(key) & 0xFFFFFFFF
