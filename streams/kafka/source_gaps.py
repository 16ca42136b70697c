"""Stretches of in-topics that are gone, as an operator accepted them: records of the topic `deployment`.

Retention, or a loss, took records that no worker had read. Workers stop such a partition, and read it on from the
first record that is left once its gap is on record. Records of one gap are never replaced by those of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import TopicPartition

from schemas.topics import DEPLOYMENT
from schemas.values import instant_text
from streams.kafka.deployment import write_records
from streams.kafka.partitions import Partition
from streams.kafka.protocols import Consumer
from streams.kafka.reader import read_to_end
from streams.settings import Settings

_KEY = "gap:"


class SourceGap(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is gone of a partition: the offsets from `start` to `end`, the last one not included.

    `last_arrival` (ms) is that of the last record read before it, `next_arrival` that of the first one left; None
    where there is none. `reason` is what the operator wrote. Where `end` is before `start`, the topic was made anew.
    """

    topic: str
    partition: int
    start: int
    end: int
    last_arrival: int | None = None
    next_arrival: int | None = None
    reason: str = ""

    @property
    def source(self) -> Partition:
        """The partition, without prefix."""
        return Partition(self.topic, self.partition)

    def __str__(self) -> str:
        if self.end < self.start:
            what = f"{self.source}: the topic was made anew; what it held from offset {self.start} on is gone"
        else:
            what = f"{self.source}: offsets {self.start} to {self.end - 1} are gone"
        return f"{what}, {self.time_text()}"

    def time_text(self) -> str:
        """Between which instants the records arrived."""
        after = None if self.last_arrival is None else f"after {instant_text(self.last_arrival)}"
        before = None if self.next_arrival is None else f"before {instant_text(self.next_arrival)}"
        return f"which arrived {' and '.join(filter(None, (after, before))) or 'at an unknown time'}"


@dataclass(frozen=True, slots=True)
class GapRecord:
    """A gap and when it was accepted (ms)."""

    gap: SourceGap
    at: int

    def __str__(self) -> str:
        reason = f": {self.gap.reason}" if self.gap.reason else ""
        return f"{self.gap}; accepted {instant_text(self.at)}{reason}"

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values; instants as text."""
        gap = self.gap
        return {
            "topic": gap.topic,
            "partition": gap.partition,
            "start": gap.start,
            "end": gap.end,
            "last_arrival": _instant(gap.last_arrival),
            "next_arrival": _instant(gap.next_arrival),
            "accepted": instant_text(self.at),
            "reason": gap.reason,
        }


class SourceGaps:
    """The gaps on record of a deployment."""

    def __init__(self, records: Iterable[GapRecord] = ()) -> None:
        self._records = {(each.gap.source, each.gap.start): each for each in records}

    def __iter__(self) -> Iterator[GapRecord]:
        return iter(sorted(self._records.values(), key=lambda each: (each.at, each.gap.source)))

    def __len__(self) -> int:
        return len(self._records)

    def position_after(self, source: Partition, position: int, beginning: int, end: int) -> int:
        """Where to read a partition on whose log holds `beginning` to `end`.

        That is `position` while it is in the log, or else where the gap that starts there ends, if it is on record.
        The log may have lost more since then, so that one gap follows another.
        """
        for _ in range(len(self._records)):
            record = self._records.get((source, position))
            if beginning <= position <= end or record is None:
                break
            position = record.gap.end
        return position


async def read_source_gaps(settings: Settings, consumer: Consumer) -> SourceGaps:
    """The gaps on record. Assigns `consumer`. Raises BrokerUnavailable."""
    found: dict[bytes, GapRecord] = {}
    async for record in read_to_end(consumer, [TopicPartition(settings.prefix + DEPLOYMENT.name, 0)]):
        if record.key is None or not record.key.startswith(_KEY.encode()) or record.value is None:
            continue
        try:
            gap = msgspec.json.decode(record.value, type=SourceGap)
        except msgspec.DecodeError:
            continue  # of a later engine
        found[record.key] = GapRecord(gap, max(record.timestamp, 0))
    return SourceGaps(found.values())


async def write_source_gaps(settings: Settings, gaps: Iterable[SourceGap]) -> None:
    """Puts gaps on record. Raises BrokerUnavailable."""
    records: Mapping[bytes, SourceGap] = {f"{_KEY}{gap.source}:{gap.start}".encode(): gap for gap in gaps}
    await write_records(settings, records)


def _instant(at: int | None) -> str | None:
    return None if at is None else instant_text(at)
