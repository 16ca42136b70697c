"""What a worker's take-over read of the changelog, and how long the same read takes without keeping anything."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import TopicPartition

from benchmarks.side_by_side.topics import PARTITIONS
from schemas.topics import CONTACTS_CHANGELOG
from streams.kafka.reader import read_partitions_to_end
from streams.runtime.slots.take_over import TakeOver
from streams.settings import Settings


@dataclass(frozen=True)
class Restore:
    """The records of a take-over, its seconds, and those (and CPU seconds) of only fetching and decoding them."""

    rows: int
    seconds: float
    fetch_seconds: float
    fetch_cpu: float

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows restored in {self.seconds:.1f} s,"
            f" {self.rows / max(self.seconds, 0.001):,.0f} a second;"
            f" fetching them takes {self.fetch_seconds:.1f} s (CPU {self.fetch_cpu:.1f} s) of it"
        )


async def measure_restore(settings: Settings, log: Path) -> Restore:
    """Returns the last take-over in a worker's log, beside a fetch of all that its changelog has now."""
    last = last_take_over(log)
    began, cpu = time.monotonic(), time.process_time()
    await _fetch_changelog(settings)
    return Restore(
        last["rows"],
        last["ms"] / 1000,
        round(time.monotonic() - began, 2),
        round(time.process_time() - cpu, 2),
    )


def last_take_over(log: Path) -> dict[str, Any]:
    """Returns the last take-over in a worker's log that took slots over."""
    lines = (line for line in log.read_bytes().splitlines() if b'"event": "take-over"' in line)
    entries: list[dict[str, Any]] = [entry for entry in map(msgspec.json.decode, lines) if entry["new"]]
    return entries[-1]


async def _fetch_changelog(settings: Settings) -> int:
    count = 0
    partitions = [TopicPartition(settings.prefix + CONTACTS_CHANGELOG.name, number) for number in range(PARTITIONS)]
    async with TakeOver(settings).open_changelog_consumer() as consumer:
        async for _, batch in read_partitions_to_end(consumer, partitions):
            count += len(batch)
    return count
