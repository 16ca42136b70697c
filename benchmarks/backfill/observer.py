"""Observes `segment-changes` and `definitions` as a `read_committed` reader: latencies, members, the release."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from benchmarks.backfill.contacts import COUNTED, LOADED
from benchmarks.live_edit.contacts import PROBE_ID, sent_at
from benchmarks.live_edit.definitions import PROBE
from benchmarks.live_edit.observer import Probe
from schemas.topics import DEFINITIONS


class _Cause(msgspec.Struct):
    event: str = ""


class _Change(msgspec.Struct):
    type: str
    contact: str
    segment: str
    cause: _Cause


_decode = msgspec.json.Decoder(_Change).decode


@dataclass
class BackfillObserver:
    """Collects what arrived so far; instants in ms."""

    probes: list[Probe] = field(default_factory=list)
    members: set[str] = field(default_factory=set)
    """Of the segment that needs the past."""
    loaded_partitions: int = 0
    last_member_at: float = 0.0
    """When the last change of these members was observed."""
    release_arrivals: list[float] = field(default_factory=list)
    """When each release arrived in `definitions`."""
    wrong: Counter[str] = field(default_factory=Counter)

    def observe(self, topic: str, record: Any) -> None:
        """Adds one record of a topic."""
        if topic.endswith(DEFINITIONS.name):
            self.release_arrivals.append(record.timestamp)
            return
        now = time.time() * 1000
        change = _decode(record.value)
        if change.segment == COUNTED:
            self._observe_member(change, now)
        elif change.segment == PROBE and change.cause.event.startswith(PROBE_ID):
            start = sent_at(change.cause.event)
            self.probes.append(Probe(start, now - start, record.partition))
        elif change.segment == LOADED:
            self.loaded_partitions += 1

    def _observe_member(self, change: _Change, now: float) -> None:
        self.last_member_at = now
        if change.type != "segment.entered":
            self.wrong["members that left"] += 1
        elif change.contact in self.members:
            self.wrong["members that entered twice"] += 1
        self.members.add(change.contact)

    def latencies(self, start: float, end: float) -> Sequence[float]:
        """Returns the latencies of the live events sent in that range."""
        return [probe.latency for probe in self.probes if start <= probe.sent_at < end]
