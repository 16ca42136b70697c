"""One partition of the engine with the segments of a job, driven in this process and without Kafka."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.side_by_side.events import JobEvent
from benchmarks.side_by_side.segments import NeutralSegment, definitions
from schemas.definitions import Definitions
from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal import records
from streams.engine.journal.effects import Append, Budget, Effects, SourceRecord
from streams.engine.journal.validate import EventValidator
from streams.engine.partition.decider import PartitionDecider
from streams.engine.partition.release_records import release_records
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.validation import validate_definitions

_UNBOUNDED = Budget(records=1 << 60, bytes=1 << 60, seconds=1e9)


class EnginePartition:
    """The steps of a worker one by one, so that each can be timed: `validate`, `feed`, `work`."""

    def __init__(self, segments: Sequence[NeutralSegment]) -> None:
        checked = validate_definitions(definitions(segments))
        if checked.definitions is None:
            raise ValueError(f"the definitions of the job are refused: {checked.problems[0]}")
        releases: list[Definitions] = [checked.definitions]
        self.decider = PartitionDecider(0, lambda _, number: releases[number - 1], DEFAULT_ENGINE_SETTINGS)
        self.decider.resume(None)
        self.validator = EventValidator("events")
        self._offset = 0
        marker = records.Marker("default", 1, 1, "", None, NEWEST_VERSION)
        for entry in release_records(self.decider, marker, list, frozenset()):
            self.feed([entry])
            self.work()

    def source_records(self, events: Sequence[JobEvent]) -> list[SourceRecord]:
        """Returns events as records of in-topics."""
        return [
            SourceRecord(event.topic, 0, self._offset + index, None, event.key, event.value, (), 0)
            for index, event in enumerate(events)
        ]

    def validate(self, sources: Sequence[SourceRecord]) -> list[Append]:
        """Validates records. Raises TypeError when one is refused."""
        validate = self.validator
        outcomes = [result for source in sources for result in validate(source)]
        appends = [outcome for outcome in outcomes if isinstance(outcome, Append)]
        if len(appends) < len(outcomes):
            raise TypeError(f"an event of the job is refused: {outcomes}")
        return appends

    def feed(self, entries: Sequence[Append]) -> None:
        """Decodes and queues journal records."""
        feed = self.decider.feed
        for entry in entries:
            feed(self._offset, entry.key, entry.value)
            self._offset += 1

    def work(self) -> Effects:
        """Decides all that is queued, and commits the rows."""
        effects = self.decider.work(_UNBOUNDED)
        if self.decider.has_pending():
            raise RuntimeError("a batch without bounds left something undecided")
        return effects

    def decide(self, events: Sequence[JobEvent]) -> Effects:
        """Takes all steps at once."""
        self.feed(self.validate(self.source_records(events)))
        return self.work()
