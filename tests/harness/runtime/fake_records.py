"""Fetched records, for tests without a broker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from streams.runtime.faust.runs import FetchedRun
from streams.runtime.inputs.partition_buffer import PartitionBuffer


@dataclass
class FakeRecord:
    """An aiokafka record."""

    topic: str
    partition: int
    offset: int
    timestamp: int = 0
    key: bytes | None = b"c1"
    value: bytes | None = b"{}"
    headers: Sequence[tuple[str, bytes]] = field(default_factory=tuple)


def make_run(
    buffer: PartitionBuffer, offsets: Sequence[int], next_position: int | None = None, token: int | None = None
) -> FetchedRun:
    """A run of these offsets that joins the buffer's last one."""
    records = [
        FakeRecord(buffer.partition.topic, buffer.partition.number, offset, timestamp=offset) for offset in offsets
    ]
    end = offsets[-1] + 1 if next_position is None else next_position
    return FetchedRun(records, buffer.fetch_position, end, _token(buffer) if token is None else token, 1 << 50)


def enqueue_records(buffer: PartitionBuffer, timestamps: Sequence[int], fetched_at: int = 1 << 50) -> None:
    """Adds the next records to the buffer, with these timestamps."""
    records = [
        FakeRecord(buffer.partition.topic, buffer.partition.number, buffer.fetch_position + index, timestamp)
        for index, timestamp in enumerate(timestamps)
    ]
    assert buffer.enqueue(
        FetchedRun(records, buffer.fetch_position, buffer.fetch_position + len(records), _token(buffer), fetched_at)
    )


def _token(buffer: PartitionBuffer) -> int:
    assert buffer.token is not None, "the buffer was not started"
    return buffer.token
