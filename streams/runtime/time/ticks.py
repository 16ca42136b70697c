"""Chooses the next tick or release marker for a slot, from the control topics.

One at a time: nothing is appended while a tick or a marker is not decided for every contact, nor before the last one
was read back from the journal.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import msgspec

from streams.engine.journal.records import Marker, Tick
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.time import alignment
from streams.runtime.time.claims import Claims
from streams.runtime.time.clock_advances import ClockAdvance, ClockAdvances
from streams.runtime.time.source_partitions import SourcePartitions
from streams.settings import Settings

SILENT_HEARTBEATS = 12
"""In a silence a tick changes nothing, and each costs two transactions."""


@dataclass
class ControlState:
    """The control topics as one worker has read them. `markers` are valid releases in offset order, `advances` the
    records of `clock`.
    """

    claims: Claims = field(default_factory=Claims)
    markers: list[Marker] = field(default_factory=list)
    advances: ClockAdvances = field(default_factory=ClockAdvances)


@dataclass
class TickScheduler:
    """Chooses the next tick or marker of one slot. Instants in ms; `sources` are the partitions of all in-topics.

    `known_release` gives, for an account, the newest release that the slot's decider has, proposed or in force; 0 for
    none. `holder` is the partition with the smallest claim, which holds ticks back.
    """

    settings: Settings
    control_state: ControlState
    sources: SourcePartitions
    known_release: Callable[[str], int]
    holder: str = ""
    _last_append: int = 0
    _has_record: bool = True
    _missed: list[Marker] = field(default_factory=list)
    _checked_count: int = 0

    def next_marker(self, checkpoint: SlotCheckpoint) -> Marker | None:
        """The next release marker that is not in this slot's journal partition."""
        return next(iter(self.pending_markers(checkpoint)), None)

    def pending_markers(self, checkpoint: SlotCheckpoint) -> Sequence[Marker]:
        """The release markers that are not in this slot's journal partition, in their order.

        Before the checkpoint's offset they are those that a former owner held void: an engine of an older version
        passes over a release that it cannot read.
        """
        markers = self.control_state.markers
        unchecked = markers[self._checked_count :]
        self._checked_count = len(markers)
        passed = [marker for marker in unchecked if marker.offset < checkpoint.definitions]
        self._missed = [marker for marker in (*self._missed, *passed) if self._is_unknown(marker, checkpoint)]
        index = bisect_left(markers, checkpoint.definitions, key=attrgetter("offset"))
        return [*self._missed, *(marker for marker in markers[index:] if self._is_unknown(marker, checkpoint))]

    def _is_unknown(self, marker: Marker, checkpoint: SlotCheckpoint) -> bool:
        introduced, _ = checkpoint.introduced.get(marker.account, (0, ""))
        return marker.number > max(introduced, self.known_release(marker.account))

    def marker(self, account: str, number: int) -> Marker:
        """The marker of a release that was read. Raises StopIteration for another."""
        return next(
            marker for marker in self.control_state.markers if (marker.account, marker.number) == (account, number)
        )

    def next_advance(self, checkpoint: SlotCheckpoint) -> ClockAdvance | None:
        """The next record of `clock` that this slot has not answered with a tick; None while it must be read."""
        return self.control_state.advances.next_from(checkpoint.clock)

    def is_advance_reached(self, advance: ClockAdvance) -> bool:
        """Whether every source partition's committed position has reached the end the advance names."""
        # By topic: a partition that is not known here yet counts too.
        topics = {source.topic for source in self.sources.present}
        claims = self.control_state.claims
        return all(claims.position(source) >= end for source, end in advance.ends.items() if source.topic in topics)

    def next_wall_tick(
        self, checkpoint: SlotCheckpoint, next_due: Callable[[int], int | None], now: int
    ) -> Tick | None:
        """The next tick of the wall clock: every `tick_ms` while something is due, else as a slow heartbeat, slower
        still while the journal gets nothing but ticks.

        Its value is min(clock - grace, claims of all source partitions) and rises; there is none until every
        partition has a claim. The clock is the earlier of the worker's and the broker's, and not later than the last
        look at the partitions: one that was not there then gets its records later (source_partitions.py). `next_due`
        is the decider's.
        """
        settings = alignment.AlignmentSettings.from_settings(self.settings)
        bound, self.holder = alignment.smallest_claim(self.sources.present, self.control_state.claims, settings)
        if bound is None:
            return None
        clock = min(now, self.control_state.claims.broker_time, self.sources.seen_at)
        at = min(clock - self.settings.grace_ms, bound)
        if at <= checkpoint.tick:
            return None
        due = next_due(at)
        is_due = due is not None and due < at
        pause = self.settings.tick_ms if is_due else self._heartbeat()
        if now - self._last_append < pause:
            return None
        self._has_record = False  # what comes now is behind this tick
        return Tick(at=at)

    def _heartbeat(self) -> int:
        return self.settings.heartbeat_ms * (1 if self._has_record else SILENT_HEARTBEATS)

    def next_heartbeat_in(self, now: int) -> int | None:
        """In how many ms a wall tick is due though no timer is; None on the events clock."""
        return None if self.settings.clock == "events" else max(0, self._last_append + self._heartbeat() - now)

    def mark_record(self) -> None:
        """The journal has a record that is no tick."""
        self._has_record = True

    def mark_appended(self, now: int) -> None:
        """Starts the pause until the next wall tick: a control record is committed."""
        self._last_append = now


def marker_at_arrival(marker: Marker, arrival: int) -> Marker:
    """On the wall clock a release takes effect at its arrival at the latest."""
    if marker.at is not None and marker.at <= arrival:
        return marker
    return msgspec.structs.replace(marker, at=arrival)
