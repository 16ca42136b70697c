"""What can be looked at in a slot from outside while it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.kafka.partitions import Partition
from streams.runtime.backfill.backfill import Backfill
from streams.runtime.inputs.partition_buffer import FetchEnds
from streams.runtime.protocols import Decider
from streams.runtime.slots.work_pace import WorkPace
from streams.runtime.time.ticks import TickScheduler


@dataclass(frozen=True, slots=True)
class SlotProbe:
    """The parts of one slot, to be read only; `ends` are those of all partitions that the worker reads."""

    decider: Decider
    pace: WorkPace
    backfill: Backfill | None
    tick_scheduler: TickScheduler
    ends: Mapping[Partition, FetchEnds]
