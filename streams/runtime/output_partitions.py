"""The partitions that a slot writes to: its own one of every topic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from streams.kafka.partitions import Partition, PartitionKey, all_partitions, journal_partition


@dataclass(frozen=True)
class OutputPartitions:
    """One slot's partitions among `slots`; `journal` and `changelog` are full topic names."""

    slot: int
    slots: int
    prefix: str
    journal: str
    changelog: str
    partition_key: PartitionKey = "record"

    def without_prefix(self, partition: Partition) -> Partition:
        """The partition with its topic's name without prefix."""
        return Partition(partition.topic.removeprefix(self.prefix), partition.number)

    @cached_property
    def _journal_partitions(self) -> list[Partition]:
        return all_partitions([(self.journal, self.slots)])

    @cached_property
    def _outputs(self) -> dict[str, Partition]:
        return {}

    def journal_for(self, key: bytes) -> Partition:
        """The journal partition of a record's key."""
        return self._journal_partitions[journal_partition(key, self.slots, self.partition_key)]

    def own_journal(self) -> Partition:
        """The slot's own journal partition."""
        return Partition(self.journal, self.slot)

    def own_changelog(self) -> Partition:
        """The slot's own changelog partition."""
        return Partition(self.changelog, self.slot)

    def output(self, topic: str) -> Partition:
        """The slot's own partition of an out-topic given without prefix: one writer, one order."""
        partition = self._outputs.get(topic)
        if partition is None:
            partition = self._outputs[topic] = Partition(self.prefix + topic, self.slot)
        return partition
