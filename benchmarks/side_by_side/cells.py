"""A cell of the measurement: one number of segments and contacts, and one kind of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.memory_limit import MemoryLimit
from benchmarks.side_by_side.events import EventGenerator, EventPlan, JobEvent, PresentInstant
from benchmarks.side_by_side.segments import NeutralSegment, SegmentGenerator, definitions, probe_segment


@dataclass(frozen=True)
class RunPlace:
    """Where all runs happen: the broker and its process, a folder, the Python of the peers' environment."""

    bootstrap: str
    broker_pid: int
    folder: Path
    peer_python: Path
    streams_command: Sequence[str] | None
    """The command of the Kafka Streams program; None where Java or Maven is missing."""
    disk_limit: MemoryLimit | None = None
    """The memory of a worker with its contacts on disk, page cache included; None for no limit."""


@dataclass(frozen=True)
class Cell:
    """What one comparison is about."""

    plan: EventPlan

    @property
    def name(self) -> str:
        """Returns a name for topics and files."""
        plan = self.plan
        return f"{plan.changes}-{plan.segment_count}-{plan.contacts}-{plan.events}"

    @property
    def total(self) -> int:
        """Returns the number of events with the first ones of all contacts."""
        return self.plan.contacts + self.plan.events

    @cached_property
    def segments(self) -> list[NeutralSegment]:
        """Returns the segments in neutral form."""
        segments = SegmentGenerator(self.plan.segment_count, self.plan.changes).segments()
        return [*segments, probe_segment()] if self.plan.has_probes else segments

    def definitions(self) -> dict[str, Any]:
        """Returns the definitions of our account."""
        return definitions(self.segments)

    def events(self, clock: PresentInstant | None = None) -> Iterator[JobEvent]:
        """Yields all events, as `EventGenerator` makes them."""
        generator = EventGenerator(self.plan, clock)
        return chain(generator.first_events(), generator.later_events())

    def __str__(self) -> str:
        plan = self.plan
        return (
            f"{plan.segment_count:,} segments, {plan.contacts:,} contacts, {plan.events:,} events"
            f" that change {plan.changes}"
        )
