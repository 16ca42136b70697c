"""Records are returned as decoded: committed ones only, with their key, value and offset."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import ConsumerRecord

from streams.runtime.faust.plain_records import return_plain_records

CHANGELOG = TopicPartition("changelog", 0)
COMMITTED, ABORTED = 1, 2


def record_batch(producer: int, first: int, *values: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 1, producer, 0, 0, 1 << 20)
    for offset, value in enumerate(values):
        builder.append(offset, 1_000, b"key", value, [])
    return first.to_bytes(8) + bytes(builder.build())[8:]


class FetchedPartition:
    """A fetcher whose next fetch has these batches, and the assignment that it fetches for."""

    def __init__(self, content: bytes, aborted: list[tuple[int, int]]) -> None:
        self._records: dict[TopicPartition, Any] = {}
        self._content, self._aborted = content, aborted
        self.active = True
        self.state = SimpleNamespace(position=0, paused=False, consumed_to=self._consume)

    def _consume(self, position: int) -> None:
        self.state.position = position

    def state_value(self, _partition: TopicPartition) -> Any:
        """The position of the partition."""
        return self.state

    async def _proc_fetch_request(self, assignment: Any, _node: int, _request: object) -> bool:
        records = PartitionRecords(
            CHANGELOG, MemoryRecords(self._content), self._aborted, 0, None, None, True, READ_COMMITTED
        )
        self._records[CHANGELOG] = FetchResult(CHANGELOG, assignment=assignment, partition_records=records, backoff=0)
        return True


async def fetch(fetcher: FetchedPartition) -> list[Any]:
    assert await fetcher._proc_fetch_request(fetcher, 1, None)
    records: list[Any] = fetcher._records[CHANGELOG].getall()
    return records


async def test_only_committed_records_are_returned_with_key_value_and_offset() -> None:
    content = (
        record_batch(COMMITTED, 0, b"a", b"b") + record_batch(ABORTED, 2, b"c") + record_batch(COMMITTED, 3, b"d")
    )
    fetcher = FetchedPartition(content, aborted=[(ABORTED, 2)])
    whole = await fetch(fetcher)
    assert isinstance(whole[0], ConsumerRecord)

    fetcher = FetchedPartition(content, aborted=[(ABORTED, 2)])
    return_plain_records(SimpleNamespace(_fetcher=fetcher))
    plain = await fetch(fetcher)
    assert not isinstance(plain[0], ConsumerRecord)
    assert [(each.offset, each.key, each.value) for each in plain] == [
        (0, b"key", b"a"),
        (1, b"key", b"b"),
        (3, b"key", b"d"),
    ]
    assert [(each.offset, each.key, each.value) for each in whole] == [
        (each.offset, each.key, each.value) for each in plain
    ]
    assert fetcher.state.position == 4
