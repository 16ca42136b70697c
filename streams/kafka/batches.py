"""Collects the records of one transaction in batches, one partition each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Protocol

from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.kafka.protocols import Batch

BATCH_BYTES = 900_000
"""The size of a batch in bytes; the broker's default limit is 1,048,588."""

RECORD_BYTES = 880_000
"""The most bytes that key, value and headers of a record may have together."""

Headers = Sequence[tuple[str, bytes]]


class BatchFactory(Protocol):
    """The part of aiokafka's producer that makes batches."""

    def create_batch(self) -> Batch:
        """An empty batch."""


def record_size(key: bytes | None, value: bytes | None, headers: Headers = ()) -> int:
    """The bytes of a record's parts. Its framing fits between RECORD_BYTES and BATCH_BYTES."""
    size = len(key or b"") + len(value or b"")
    for name, content in headers:
        size += len(name) + len(content or b"") + 8
    return size


class BatchWriter:
    """Collects records per partition in order. Sending batches is cheaper than sending records one by one."""

    def __init__(self, factory: BatchFactory) -> None:
        self._factory = factory
        self._open_batches: dict[Partition, Batch] = {}
        self._full_batches: list[tuple[Partition, Batch]] = []

    def add(self, target: Partition, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Adds a record. Raises Internal when it is larger than RECORD_BYTES."""
        size = len(key or b"") + len(value or b"") if not headers else record_size(key, value, headers)
        if size > RECORD_BYTES:
            # Not the key itself: it holds a contact's id, and the message goes into the log.
            digest = sha256(key or b"").hexdigest()[:16]
            raise Internal(
                f"a record of {size} bytes for {target} is larger than {RECORD_BYTES}; the SHA-256 of its key begins"
                f" with {digest}"
            )
        header_list = list(headers)  # aiokafka takes nothing else
        batch = self._open_batches.get(target)
        if batch is None:
            batch = self._open_batches[target] = self._factory.create_batch()
        if batch.append(timestamp=None, key=key, value=value, headers=header_list) is not None:
            return
        self._full_batches.append((target, batch))
        batch = self._open_batches[target] = self._factory.create_batch()
        batch.append(timestamp=None, key=key, value=value, headers=header_list)

    def take(self, target: Partition) -> BatchWriter:
        """Moves the batches of one partition into a writer of their own, which it returns."""
        taken = BatchWriter(self._factory)
        taken._full_batches = [entry for entry in self._full_batches if entry[0] == target]
        self._full_batches = [entry for entry in self._full_batches if entry[0] != target]
        open_batch = self._open_batches.pop(target, None)
        if open_batch is not None:
            taken._open_batches[target] = open_batch
        return taken

    def batches(self) -> Iterator[tuple[Partition, Batch]]:
        """Every batch with its partition; batches of one partition in the order they were filled."""
        yield from self._full_batches
        yield from self._open_batches.items()
