"""Tracks which partitions of `qualified-leads` this consumer owns, and from which offsets on it hands over.

A new owner also reads some hand-overs that a former owner has finished. It only remembers them: when a former owner
that was stopped wakes up and writes an older snapshot into Salesforce, the new owner notices and repairs it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from aiokafka import ConsumerRebalanceListener, TopicPartition

from agents.crm.handovers.handover_partition import HandOverPartition
from streams.kafka.protocols import Consumer
from streams.store.handovers.progress import HandOverProgress

ProgressReader = Callable[[TopicPartition], Awaitable[HandOverProgress | None]]
"""Returns what the group has committed of a partition; None where there is nothing."""


class Ownership(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka publishes no types
    """A rebalance listener; `generation` changes with each rebalance."""

    def __init__(self, look_back: int) -> None:
        self._look_back = look_back
        self._new_partitions: set[TopicPartition] = set()
        self._owned: frozenset[int] = frozenset()
        self._adopted_generation = 0
        self._progress: dict[TopicPartition, HandOverPartition] = {}
        self.generation = 0

    @property
    def progress(self) -> Mapping[TopicPartition, HandOverPartition]:
        """The progress of each partition that was adopted in this generation."""
        return self._progress

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Starts a new generation: fetched records without a commit belong to the next owner."""
        del revoked
        self._owned = frozenset()
        self.generation += 1
        self._new_partitions = set()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Makes every partition new: all of them start at their committed offsets again."""
        self.generation += 1
        self._new_partitions = set(assigned)
        self._owned = frozenset(each.partition for each in assigned)

    def generation_of(self, number: int) -> int | None:
        """Returns the generation in which it owns a partition; None while another member does."""
        return self.generation if number in self._owned else None

    @property
    def is_adopted(self) -> bool:
        """Whether `progress` is of this generation; what was fetched before that is read again."""
        return self._adopted_generation == self.generation and not self._new_partitions

    async def adopt_partitions(self, consumer: Consumer, read_progress: ProgressReader) -> bool:
        """Seeks newly assigned partitions to `look_back` records before their start.

        Returns whether there is a new generation, in which nothing holds of what was read before.
        """
        is_new = self._adopted_generation != self.generation
        while self._adopted_generation != self.generation or self._new_partitions:
            if self._adopted_generation != self.generation:
                self._progress, self._adopted_generation = {}, self.generation
            if self._new_partitions:
                await self._adopt(consumer, read_progress, self._new_partitions.pop())
        return is_new

    async def _adopt(self, consumer: Consumer, read_progress: ProgressReader, partition: TopicPartition) -> None:
        generation = self.generation
        committed = await read_progress(partition)
        first = (await consumer.beginning_offsets([partition]))[partition]
        if generation != self.generation:
            return
        if committed is None:
            committed = HandOverProgress(first)
        progress = HandOverPartition(committed._replace(offset=max(first, committed.offset)))
        self._progress[partition] = progress
        consumer.seek(partition, max(first, progress.start - self._look_back))
