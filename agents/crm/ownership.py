"""Tracks which partitions of `qualified-leads` this consumer owns, and from which offsets on it hands over.

A new owner also reads some hand-overs that a former owner has finished. It only remembers them: when a former owner
that was stopped wakes up and writes an older snapshot into Salesforce, the new owner notices and repairs it.
"""

from __future__ import annotations

from collections.abc import Collection

from aiokafka import ConsumerRebalanceListener, TopicPartition

from streams.kafka.protocols import Consumer


class Ownership(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka publishes no types
    """A rebalance listener; `generation` changes with each rebalance."""

    def __init__(self, look_back: int) -> None:
        self._look_back = look_back
        self._new_partitions: set[TopicPartition] = set()
        self._start_offsets: dict[TopicPartition, int] = {}
        self.generation = 0

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Starts a new generation: fetched records without a commit belong to the next owner."""
        del revoked
        self.generation += 1

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Makes every partition new: all of them start at their committed offsets again."""
        self.generation += 1
        self._new_partitions = set(assigned)

    async def seek_new_partitions(self, consumer: Consumer) -> None:
        """Seeks newly assigned partitions to `look_back` records before their start."""
        while self._new_partitions:
            generation, partition = self.generation, self._new_partitions.pop()
            committed = await consumer.committed(partition)
            first = (await consumer.beginning_offsets([partition]))[partition]
            if generation != self.generation:
                continue
            self._start_offsets[partition] = first if committed is None else max(first, committed)
            consumer.seek(partition, max(first, self._start_offsets[partition] - self._look_back))

    def precedes_ownership(self, partition: TopicPartition, offset: int) -> bool:
        """Whether a former owner has finished a record."""
        return offset < self._start_offsets.get(partition, 0)
