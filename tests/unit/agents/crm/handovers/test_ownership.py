"""A new owner of partitions: where it starts to read, and which records a former owner has finished."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import TopicPartition

from agents.crm.handovers.ownership import Ownership, ProgressReader
from streams.store.handovers.progress import AccountStop, HandOverProgress

LEADS = TopicPartition("qualified-leads", 0)


class FakeGroupConsumer:
    """A consumer of a log that begins at `first`; it notes where it is told to go on."""

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self.seeks: list[int] = []

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self._first)

    def seek(self, _partition: TopicPartition, offset: int) -> None:
        self.seeks.append(offset)


def reader_of(progress: HandOverProgress | None) -> ProgressReader:
    """What the group has committed of every partition."""

    async def read(_partition: TopicPartition) -> HandOverProgress | None:
        return progress

    return read


@pytest.mark.parametrize(
    ("committed", "first", "seek", "start"),
    [(100, 0, 90, 100), (100, 95, 95, 100), (4, 0, 0, 4), (None, 7, 7, 7), (3, 50, 50, 50)],
)
async def test_reading_starts_some_records_before_the_committed_offset(
    committed: int | None, first: int, seek: int, start: int
) -> None:
    ownership = Ownership(look_back=10)
    ownership.on_partitions_assigned([LEADS])
    consumer: Any = FakeGroupConsumer(first)
    progress = None if committed is None else HandOverProgress(committed)
    assert await ownership.adopt_partitions(consumer, reader_of(progress))
    assert consumer.seeks == [seek]
    assert ownership.progress[LEADS].start == start


async def test_partitions_that_are_revoked_meanwhile_are_not_sought() -> None:
    ownership = Ownership(look_back=10)
    ownership.on_partitions_assigned([LEADS])
    consumer: Any = FakeGroupConsumer()

    async def read(_partition: TopicPartition) -> HandOverProgress:
        ownership.on_partitions_revoked([LEADS])
        return HandOverProgress(100)

    await ownership.adopt_partitions(consumer, read)
    assert consumer.seeks == []
    assert ownership.progress == {}


async def test_a_new_owner_knows_where_accounts_stand_still() -> None:
    ownership = Ownership(look_back=10)
    ownership.on_partitions_assigned([LEADS])
    consumer: Any = FakeGroupConsumer()
    committed = HandOverProgress(100, {"acme": AccountStop(7, 1_000)})
    await ownership.adopt_partitions(consumer, reader_of(committed))
    assert ownership.progress[LEADS].committable() == committed
    assert not await ownership.adopt_partitions(consumer, reader_of(committed))


def test_a_partition_is_owned_in_the_generation_in_which_it_was_assigned_and_no_longer() -> None:
    ownership = Ownership(look_back=10)
    assert ownership.generation_of(0) is None
    ownership.on_partitions_assigned([LEADS])
    first = ownership.generation_of(0)
    assert (first, ownership.generation_of(1)) == (1, None)
    ownership.on_partitions_revoked([LEADS])
    assert ownership.generation_of(0) is None
    ownership.on_partitions_assigned([LEADS])
    assert ownership.generation_of(0) not in (None, first)
    ownership.on_partitions_assigned([])
    assert ownership.generation_of(0) is None


def test_every_rebalance_is_a_new_generation() -> None:
    ownership = Ownership(look_back=10)
    ownership.on_partitions_revoked([])
    ownership.on_partitions_assigned([])
    assert ownership.generation == 2
