"""What a `read_committed` reader sees while definitions change: live events, and releases that take effect."""

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
from streams.engine.partition.decider import Checkpoint
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.checkpoint import decode as decode_positions
from streams.settings import Settings
from tests.harness.kafka.topic_reader import read_topic

TimeRange = tuple[float, float]
"""From one instant to another, in ms."""


class ObservedChange(NamedTuple):
    """A contact entered or left a segment; `at` in ms, `position` the journal partition and offset decided."""

    contact: str
    segment: str
    entered: bool
    at: int
    position: tuple[int, int]


class Probe(NamedTuple):
    """A live event that was seen to be decided; both in ms."""

    sent_at: float
    latency: float


@dataclass
class ObservedSlot:
    """How far one slot is known to be."""

    settled_releases: list[tuple[int, float]] = field(default_factory=list)
    """Each release that every contact of the slot is settled under, and when (ms) that was seen."""
    decided_offset: int = 0
    """The journal offset up to which, not included, everything is decided."""
    ticks: list[tuple[int, int]] = field(default_factory=list)
    """Value (ms) and offset of every tick."""

    @property
    def release(self) -> int:
        """The last release that every contact of the slot is settled under."""
        return self.settled_releases[-1][0] if self.settled_releases else 0


@dataclass
class LiveEditObserver:
    """Everything that came so far; `slot_count` is how many there are."""

    slot_count: int
    probes: list[Probe] = field(default_factory=list)
    everybody_count: int = 0
    release_arrivals: list[float] = field(default_factory=list)
    """When (ms) each release arrived in `definitions`, by number from 1 on."""
    marker_arrivals: dict[int, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    """Release -> journal partition -> when (ms) its marker was seen there."""
    observed_slots: dict[int, ObservedSlot] = field(default_factory=lambda: defaultdict(ObservedSlot))

    def observe(self, topic: str, record: Any) -> None:
        """One record of a topic."""
        if topic.endswith(SEGMENT_CHANGES.name):
            self._observe_change(record)
        elif topic.endswith(CONTACTS_CHANGELOG.name):
            if record.key == CHECKPOINT_KEY:
                self._observe_checkpoint(record.partition, decode_positions(record.value))
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
            sent = sent_at(cause)
            self.probes.append(Probe(sent, now - sent))
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
        """Whether every journal partition holds the release's marker."""
        return len(self.marker_arrivals[release]) == self.slot_count

    def is_settled(self, release: int) -> bool:
        """Whether every contact is settled under the release."""
        return all(self.observed_slots[number].release >= release for number in range(self.slot_count))

    def settled_at(self, release: int) -> float:
        """When (ms) the last slot was seen to be settled under the release, or under a later one."""
        slots = (self.observed_slots[number] for number in range(self.slot_count))
        return max(next(when for number, when in slot.settled_releases if number >= release) for slot in slots)

    def final_ticks(self, after: int) -> dict[int, tuple[int, int]] | None:
        """Journal partition -> value and offset of its first tick after an instant (ms), once all are decided."""
        found = {}
        for number in range(self.slot_count):
            slot = self.observed_slots[number]
            place = bisect_left(slot.ticks, (after, 0))
            # A slot appends no tick before the one before it is finished.
            if place + 1 >= len(slot.ticks) or slot.decided_offset <= slot.ticks[place][1]:
                return None
            found[number] = slot.ticks[place]
        return found

    def latencies(self, ranges: Sequence[TimeRange]) -> list[float]:
        """Of the live events that were sent in any of the windows."""
        return [probe.latency for probe in self.probes if any(begin <= probe.sent_at < end for begin, end in ranges)]


async def read_changes(settings: Settings) -> dict[int, list[ObservedChange]]:
    """Every change of a membership there is, by partition."""
    read = await read_topic(settings.bootstrap, settings.prefix + SEGMENT_CHANGES.name)
    return {number: [_parse_change(record.value) for record in partition] for number, partition in read.items()}


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
