"""The records of one transaction whose trace is sampled; spans of them are made when it is committed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from streams.engine.journal.effects import SourceRecord
from streams.kafka.batches import Headers
from streams.kafka.partitions import Partition
from streams.tracing.headers import is_sampled
from streams.tracing.spans import SpanRecorder, TracedStep, instant_ns


@dataclass(slots=True)
class _TracedRecord:
    step: Literal["validate", "decide"]
    trace: Headers
    partition: Partition
    offset: int
    refusal: str | None = None


class TracedRecords:
    """Collects while a transaction is filled; there is one only while spans are made."""

    def __init__(self) -> None:
        self._records: list[_TracedRecord] = []

    def add_source(self, record: SourceRecord, trace: Headers) -> None:
        """A record of an in-topic (without prefix) is about to be validated."""
        if is_sampled(trace):
            place = Partition(record.topic, record.partition)
            self._records.append(_TracedRecord("validate", trace, place, record.offset))

    def refuse_last(self, trace: Headers, code: str) -> None:
        """The record added last, or a part of it, is refused with that code."""
        if is_sampled(trace):
            self._records[-1].refusal = code

    def add_decided(self, journal: Partition, traces: Mapping[int, Headers]) -> None:
        """Records of the journal partition, by offset, are decided; its topic is without prefix."""
        self._records += [
            _TracedRecord("decide", trace, journal, offset) for offset, trace in traces.items() if is_sampled(trace)
        ]

    def record(self, spans: SpanRecorder, slot: int, began: float) -> None:
        """The transaction, begun at `began` (monotonic seconds), is committed just now: one span for each record."""
        if not self._records:
            return
        start, end = instant_ns(began), time.time_ns()
        for each in self._records:
            attributes: dict[str, str | int] = {
                "messaging.system": "kafka",
                "messaging.operation.name": each.step,
                "messaging.operation.type": "process",
                "messaging.destination.name": each.partition.topic,
                "messaging.destination.partition.id": str(each.partition.number),
                "messaging.kafka.offset": each.offset,
                "leadstream.slot": slot,
            }
            name = f"{each.step} {each.partition.topic}"
            spans.record(TracedStep(name, "consumer", each.trace, start, end, attributes, each.refusal))
