"""A new owner of partitions: where it starts to read, and which records a former owner has finished."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import TopicPartition

from agents.crm.ownership import Ownership

LEADS = TopicPartition("qualified-leads", 0)


class FakeGroupConsumer:
    """A consumer with one committed offset; `rebalance` is called while it is fetched."""

    def __init__(self, committed: int | None, first: int = 0) -> None:
        self._committed = committed
        self._first = first
        self.rebalance: Any = None
        self.seeks: list[int] = []

    async def committed(self, _partition: TopicPartition) -> int | None:
        if self.rebalance is not None:
            rebalance, self.rebalance = self.rebalance, None
            rebalance()
        return self._committed

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self._first)

    def seek(self, _partition: TopicPartition, offset: int) -> None:
        self.seeks.append(offset)


@pytest.mark.parametrize(
    ("committed", "first", "seek", "start"),
    [(100, 0, 90, 100), (100, 95, 95, 100), (4, 0, 0, 4), (None, 7, 7, 7), (3, 50, 50, 50)],
)
async def test_reading_starts_some_records_before_the_committed_offset(
    committed: int | None, first: int, seek: int, start: int
) -> None:
    ownership = Ownership(look_back=10)
    ownership.on_partitions_assigned([LEADS])
    consumer: Any = FakeGroupConsumer(committed, first)
    await ownership.seek_new_partitions(consumer)
    assert consumer.seeks == [seek]
    assert ownership.precedes_ownership(LEADS, start - 1)
    assert not ownership.precedes_ownership(LEADS, start)


async def test_partitions_that_are_revoked_meanwhile_are_not_sought() -> None:
    ownership = Ownership(look_back=10)
    ownership.on_partitions_assigned([LEADS])
    consumer: Any = FakeGroupConsumer(100)
    consumer.rebalance = lambda: ownership.on_partitions_revoked([LEADS])
    await ownership.seek_new_partitions(consumer)
    assert consumer.seeks == []
    assert not ownership.precedes_ownership(LEADS, 0)


def test_every_rebalance_is_a_new_generation() -> None:
    ownership = Ownership(look_back=10)
    ownership.on_partitions_revoked([])
    ownership.on_partitions_assigned([])
    assert ownership.generation == 2
