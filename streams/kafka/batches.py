"""What one transaction will hold: ready-made batches for each topic partition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from streams.errors import Internal
from streams.kafka.partitions import Partition

BATCH_BYTES = 900_000
"""A batch's size; the broker's default limit for one is 1,048,588 bytes."""

RECORD_BYTES = 880_000
"""The largest key, value and headers of a record that is written."""

Headers = Sequence[tuple[str, bytes]]


class BatchFactory(Protocol):
    """aiokafka's producer, as far as the outbox needs it."""

    def create_batch(self) -> Any:
        """An empty batch."""


def record_size(key: bytes | None, value: bytes | None, headers: Headers = ()) -> int:
    """Bytes of a record's parts; its framing is covered by the distance of RECORD_BYTES to BATCH_BYTES."""
    size = len(key or b"") + len(value or b"")
    for name, content in headers:
        size += len(name) + len(content or b"") + 8
    return size


class BatchWriter:
    """Collects records per partition, in the order they are added; batches are cheaper than sending one by one."""

    def __init__(self, factory: BatchFactory) -> None:
        self._factory = factory
        self._open_batches: dict[Partition, Any] = {}
        self._full_batches: list[tuple[Partition, Any]] = []

    def add(self, target: Partition, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Adds a record. Raises Internal for one larger than the broker takes."""
        size = record_size(key, value, headers)
        if size > RECORD_BYTES:
            name = (key or b"")[:80].decode(errors="replace")
            raise Internal(f"a record of {size} bytes for {target}, key {name!r}: larger than {RECORD_BYTES}")
        listed = list(headers)  # aiokafka takes nothing else
        batch = self._open_batches.get(target)
        if batch is None:
            batch = self._open_batches[target] = self._factory.create_batch()
        if batch.append(timestamp=None, key=key, value=value, headers=listed) is not None:
            return
        self._full_batches.append((target, batch))
        batch = self._open_batches[target] = self._factory.create_batch()
        batch.append(timestamp=None, key=key, value=value, headers=listed)

    def batches(self) -> Iterator[tuple[Partition, Any]]:
        """Every batch with its partition; batches of one partition in the order they were filled."""
        yield from self._full_batches
        yield from self._open_batches.items()
