"""Which partitions of `qualified-leads` this consumer owns, and from where on it hands over.

A new owner also reads some hand-overs that were answered before its time. It does not hand them over; it remembers
them, to notice when a former owner that wakes up late puts an older snapshot into Salesforce.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition


class Ownership(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka publishes no types
    """Told of rebalances by aiokafka; `generation` changes with each."""

    def __init__(self, look_back: int) -> None:
        self._look_back = look_back
        self._new_partitions: set[TopicPartition] = set()
        self._start_offsets: dict[TopicPartition, int] = {}
        self.generation = 0

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """What was fetched and not committed belongs to the next owner."""
        del revoked
        self.generation += 1

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Every partition starts anew at its committed offset, kept ones too."""
        self.generation += 1
        self._new_partitions = set(assigned)

    async def seek_new_partitions(self, consumer: Any) -> None:
        """Seeks newly assigned partitions to where remembering begins."""
        while self._new_partitions:
            generation, place = self.generation, self._new_partitions.pop()
            committed = await consumer.committed(place)
            first = (await consumer.beginning_offsets([place]))[place]
            if generation != self.generation:
                continue
            self._start_offsets[place] = first if committed is None else max(first, committed)
            consumer.seek(place, max(first, self._start_offsets[place] - self._look_back))

    def precedes_ownership(self, partition: TopicPartition, offset: int) -> bool:
        """Whether a record was answered before this consumer owned its partition."""
        return offset < self._start_offsets.get(partition, 0)
