"""Observes the topics as a `read_committed` reader: when live events are decided and releases take effect."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from benchmarks.live_edit.contacts import PROBE_ID, sent_at
from benchmarks.live_edit.definitions import ACCOUNT, EVERYBODY, PROBE
from schemas.topics import CONTACTS_CHANGELOG, DEFINITIONS, JOURNAL, SEGMENT_CHANGES
from schemas.values import instant_ms
from streams.engine.journal.records import MARKER_KEY, TICK_KEY, Marker, Tick, decode
from streams.engine.partition.checkpoint import Checkpoint
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.checkpoint import decode as decode_checkpoint
from streams.settings import Settings
from tests.harness.kafka.topic_reader import read_topic

TimeRange = tuple[float, float]
"""Start and end of an interval, in ms."""


class ObservedChange(NamedTuple):
    """A contact entered or left a segment; `at` in ms, `position` is journal partition and offset of its cause."""

    contact: str
    segment: str
    entered: bool
    at: int
    position: tuple[int, int]


class Probe(NamedTuple):
    """A live event whose segment change arrived: when it was sent, how long that took (ms), and by which slot."""

    sent_at: float
    latency: float
    slot: int


@dataclass
class ObservedSlot:
    """The progress of one slot."""

    settled_releases: list[tuple[int, float]] = field(default_factory=list)
    """Each release under which every contact of the slot is settled, and when (ms) that was observed."""
    decided_offset: int = 0
    """The first journal offset that is not decided yet."""
    ticks: list[tuple[int, int]] = field(default_factory=list)
    """Instant (ms) and offset of every tick."""

    @property
    def release(self) -> int:
        """The last release under which every contact of the slot is settled."""
        return self.settled_releases[-1][0] if self.settled_releases else 0


@dataclass
class LiveEditObserver:
    """Collects what arrived so far from all `slot_count` slots."""

    slot_count: int
    probes: list[Probe] = field(default_factory=list)
    everybody_count: int = 0
    """How many members the segment of everybody has."""
    release_arrivals: list[float] = field(default_factory=list)
    """When (ms) each release arrived in `definitions`, by number from 1 on."""
    marker_arrivals: dict[int, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    """Release -> journal partition -> when (ms) its marker was observed there."""
    observed_slots: dict[int, ObservedSlot] = field(default_factory=lambda: defaultdict(ObservedSlot))

    def observe(self, topic: str, record: Any) -> None:
        """Adds one record of a topic."""
        if topic.endswith(SEGMENT_CHANGES.name):
            self._observe_change(record)
        elif topic.endswith(CONTACTS_CHANGELOG.name):
            if record.key == CHECKPOINT_KEY:
                self._observe_checkpoint(record.partition, decode_checkpoint(record.value))
        elif topic.endswith(DEFINITIONS.name):
            self.release_arrivals.append(record.timestamp)
        elif record.key in (MARKER_KEY, TICK_KEY):
            self._observe_broadcast(record)

    def _observe_change(self, record: Any) -> None:
        now = time.time() * 1000
        change = msgspec.json.decode(record.value)
        segment = change["segment"]
        cause = change["cause"].get("event", "")
        if segment == PROBE and cause.startswith(PROBE_ID):
            start = sent_at(cause)
            self.probes.append(Probe(start, now - start, record.partition))
        elif segment == EVERYBODY:
            self.everybody_count += 1 if change["type"] == "segment.entered" else -1

    def _observe_broadcast(self, record: Any) -> None:
        entry = decode(record.value)
        if isinstance(entry, Tick):
            self.observed_slots[record.partition].ticks.append((entry.at, record.offset))
        elif isinstance(entry, Marker):
            self.marker_arrivals[entry.number][record.partition] = time.time() * 1000

    def _observe_checkpoint(self, number: int, checkpoint: SlotCheckpoint) -> None:
        slot = self.observed_slots[number]
        slot.decided_offset = checkpoint.feeds.get(f"{JOURNAL.name}:{number}", 0)
        if checkpoint.checkpoint is None:
            return
        state = msgspec.json.decode(checkpoint.checkpoint, type=Checkpoint)
        if state.unfinished is None or isinstance(state.unfinished.record, Tick):
            release = state.standing.releases.get(ACCOUNT, 0)
            if release > slot.release:
                slot.settled_releases.append((release, time.time() * 1000))

    def is_deciding(self, release: int) -> bool:
        """Whether every journal partition has the release's marker."""
        return len(self.marker_arrivals[release]) == self.slot_count

    def is_settled(self, release: int) -> bool:
        """Whether every contact is settled under the release."""
        return all(self.observed_slots[number].release >= release for number in range(self.slot_count))

    def settled_at(self, release: int) -> float:
        """Returns when (ms) the last slot was observed to be settled under the release, or under a later one."""
        slots = (self.observed_slots[number] for number in range(self.slot_count))
        return max(next(when for number, when in slot.settled_releases if number >= release) for slot in slots)

    def final_ticks(self, after: int) -> dict[int, tuple[int, int]] | None:
        """Returns instant and offset of each partition's first tick after `after` ms; None until all are decided."""
        ticks = {}
        for number in range(self.slot_count):
            slot = self.observed_slots[number]
            index = bisect_left(slot.ticks, (after, 0))
            # A slot only appends a tick when the one before is finished.
            if index + 1 >= len(slot.ticks) or slot.decided_offset <= slot.ticks[index][1]:
                return None
            ticks[number] = slot.ticks[index]
        return ticks

    def latencies(self, ranges: Sequence[TimeRange]) -> list[float]:
        """Returns the latencies (ms) of the live events that were sent in any of the ranges."""
        return [probe.latency for probe in self.probes if any(begin <= probe.sent_at < end for begin, end in ranges)]


async def read_changes(settings: Settings) -> dict[int, list[ObservedChange]]:
    """Reads all changes of memberships, by partition."""
    records = await read_topic(settings.bootstrap, settings.prefix + SEGMENT_CHANGES.name)
    return {number: [_parse_change(record.value) for record in partition] for number, partition in records.items()}


def _parse_change(value: bytes) -> ObservedChange:
    change = msgspec.json.decode(value)
    number = change["number"]
    return ObservedChange(
        contact=change["contact"],
        segment=change["segment"],
        entered=change["type"] == "segment.entered",
        at=instant_ms(change["at"]),
        position=(number["partition"], number["offset"]),
    )


TOPICS = (JOURNAL, SEGMENT_CHANGES, DEFINITIONS, CONTACTS_CHANGELOG)
