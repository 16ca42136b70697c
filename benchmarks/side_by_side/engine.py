"""The engine alone, in this process and without Kafka: where the CPU time of an event goes.

All times are CPU times of this thread. Beside each portion runs a fixed loop; figures called *normal* are divided by
the time of that loop and multiplied by its nominal time, so that a slower moment of the machine cancels out.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from statistics import median
from unittest.mock import patch

from benchmarks.calibration import NOMINAL_US, run_calibration
from benchmarks.engine_partition import EnginePartition
from benchmarks.side_by_side.events import EventGenerator, EventPlan, JobEvent
from benchmarks.side_by_side.runs import Memberships
from benchmarks.side_by_side.segments import SegmentGenerator
from schemas.topics import SEGMENT_CHANGES
from streams.engine.journal.effects import Effects
from streams.engine.state.contact_store import ContactStore

PORTION = 1_000
"""Events between two commits of rows, as in a transaction under load."""
FIRST_PORTION = 50
PARTS = ("door", "journal", "decide", "rows")
"""Validation of in-topic records; decoding of journal records; decisions; rows of the changelog."""


@dataclass
class EngineFigures:
    """The figures of one size. Times are medians over portions (us an event), of each part and of all together."""

    segments: int
    changes: str
    contacts: int
    events: int = 0
    parts: dict[str, float] = field(default_factory=dict)
    normal_parts: dict[str, float] = field(default_factory=dict)
    total: float = 0.0
    normal_total: float = 0.0
    least_normal: float = 0.0
    most_normal: float = 0.0
    """The total of the least and of the most costly portion."""
    changes_per_event: float = 0.0
    outputs_per_event: float = 0.0
    row_bytes: int = 0
    compile_seconds: float = 0.0

    def __str__(self) -> str:
        parts = " + ".join(f"{name} {us:.1f}" for name, us in self.normal_parts.items())
        return (
            f"{self.segments:>6,} segments, changes {self.changes}: {self.normal_total:8.1f} us normal = {parts}"
            f" (portions {self.least_normal:.1f} to {self.most_normal:.1f}; {self.total:.1f} us as measured;"
            f" {self.events:,} events, {self.changes_per_event:.2f} changes and {self.outputs_per_event:.2f} outputs"
            f" an event, rows of {self.row_bytes} bytes, compiled in {self.compile_seconds:.1f} s)"
        )


@dataclass
class _Portion:
    """The CPU times (s) of one portion."""

    events: int
    seconds: dict[str, float]
    calibration: float
    """The time of the fixed loop beside it."""

    def us(self, part: str) -> float:
        """Returns the time of a part, us an event."""
        return self.seconds[part] / self.events * 1e6

    def total_us(self) -> float:
        """Returns the time of all parts, us an event."""
        return sum(self.us(part) for part in PARTS)

    def normalized(self, us: float) -> float:
        """Returns a time of this portion as it would be while the fixed loop takes its nominal time."""
        return us * NOMINAL_US / (self.calibration * 1e6)


class EngineRun:
    """Drives one partition of the engine over the job."""

    def __init__(self, plan: EventPlan) -> None:
        self.figures = EngineFigures(plan.segment_count, plan.changes, plan.contacts)
        self._plan = plan
        self._generator = EventGenerator(plan)
        start = time.thread_time()
        self._partition = EnginePartition(SegmentGenerator(plan.segment_count, plan.changes).segments())
        self.figures.compile_seconds = time.thread_time() - start
        self._portion_size = FIRST_PORTION
        self._rows_seconds = 0.0
        self._row_sizes: list[int] = []

    def run(self, seconds: float) -> EngineFigures:
        """Decides contacts, then events, each for at most so many seconds, and returns the figures.

        Of a size that is too slow for all events only the first ones are decided.
        """
        with self._timed_rows():
            for _ in self._portions(self._generator.first_events(), seconds):
                pass  # contacts are only loaded
            figures = self.figures
            figures.changes_per_event = figures.outputs_per_event = 0.0
            portions = list(self._portions(self._generator.later_events(), seconds))
        figures.events = sum(portion.events for portion in portions)
        figures.changes_per_event /= figures.events
        figures.outputs_per_event /= figures.events
        self._fill_times(portions)
        figures.row_bytes = round(median(self._row_sizes))
        return figures

    def members(self) -> Memberships:
        """Returns the memberships as they are now."""
        contacts = self._partition.decider.contacts()
        return frozenset((segment, contact.id) for contact in contacts for segment in contact.members)

    def _fill_times(self, portions: list[_Portion]) -> None:
        figures = self.figures
        totals = [portion.normalized(portion.total_us()) for portion in portions]
        figures.total = median(portion.total_us() for portion in portions)
        figures.normal_total, figures.least_normal, figures.most_normal = median(totals), min(totals), max(totals)
        for part in PARTS:
            figures.parts[part] = median(portion.us(part) for portion in portions)
            figures.normal_parts[part] = median(portion.normalized(portion.us(part)) for portion in portions)

    def _portions(self, events: Iterable[JobEvent], seconds: float) -> Iterator[_Portion]:
        source = iter(events)
        end = time.monotonic() + seconds
        while batch := list(islice(source, self._portion_size)):
            portion = self._decide_portion(batch)
            # At least ten portions in the time, so that one size with costly events does not take for ever.
            fitting = round(seconds / 10 / (portion.total_us() / 1e6))
            self._portion_size = min(PORTION, max(FIRST_PORTION, fitting))
            yield portion
            if time.monotonic() > end:
                return

    def _decide_portion(self, events: list[JobEvent]) -> _Portion:
        partition = self._partition
        sources = partition.source_records(events)
        calibration = run_calibration()
        clock = time.thread_time
        self._rows_seconds = 0.0
        start = clock()
        appends = partition.validate(sources)
        validated = clock()
        partition.feed(appends)
        decoded = clock()
        effects = partition.work()
        decided = clock()
        calibration = (calibration + run_calibration()) / 2
        self._count(effects)
        seconds = {
            "door": validated - start,
            "journal": decoded - validated,
            "decide": decided - decoded - self._rows_seconds,
            "rows": self._rows_seconds,
        }
        return _Portion(len(events), seconds, calibration)

    def _count(self, effects: Effects) -> None:
        self.figures.outputs_per_event += len(effects.outputs)
        self.figures.changes_per_event += sum(each.topic == SEGMENT_CHANGES.name for each in effects.outputs)
        self._row_sizes.extend(len(row) for row in islice(effects.rows.values(), 20) if row is not None)

    @contextmanager
    def _timed_rows(self) -> Iterator[None]:
        """While the block runs, the time of `ContactStore.flush` is added up."""
        flush = ContactStore.flush

        def timed_flush(store: ContactStore) -> dict[bytes, bytes | None]:
            start = time.thread_time()
            rows = flush(store)
            self._rows_seconds += time.thread_time() - start
            return rows

        with patch.object(ContactStore, "flush", timed_flush):
            yield
