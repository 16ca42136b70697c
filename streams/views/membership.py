"""A member of the views' consumer group says which process it is, and looks whether another process has its name."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata

from streams.kafka.worker_groups import process_name, with_process
from streams.runtime.process.duplicate_workers import FencingDiagnosis


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka publishes no types
    """Counts the rebalances; `assigned` is set after each."""

    def __init__(self) -> None:
        self.number = 0
        self.assigned = asyncio.Event()

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Counts; what was fetched may be another member's now."""
        del revoked
        self.number += 1

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Counts."""
        del assigned
        self.number += 1
        self.assigned.set()


def process_assignor(client_id: str) -> type[RoundRobinPartitionAssignor]:
    """An assignor whose subscriptions name the process of this client id."""

    def metadata(cls: Any, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        user_data = with_process(b"{}", process_name(client_id))
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), user_data)

    return type("ProcessAssignor", (RoundRobinPartitionAssignor,), {"metadata": classmethod(metadata)})


async def await_duplicate(assignment: Assignment, diagnosis: FencingDiagnosis) -> None:
    """Raises DuplicateWorker when another process has this worker's name; else it never returns.

    Two of one name take the membership from each other, by turns: whoever has been assigned something looks.
    """
    while True:
        await assignment.assigned.wait()
        assignment.assigned.clear()
        duplicate = await diagnosis.find_duplicate()
        if duplicate is not None:
            raise duplicate
