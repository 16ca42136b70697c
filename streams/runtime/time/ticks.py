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
from streams.kafka.partitions import Partition
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.time import alignment
from streams.runtime.time.claims import Claims
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class ClockAdvance:
    """A record of the topic `clock`: the account's time is `at` once every partition has reached its end."""

    offset: int
    account: str
    at: int
    ends: dict[Partition, int]


@dataclass
class ControlState:
    """The control topics as one worker has read them. `markers` are valid releases, `advances` are the records of
    `clock`; both in offset order.
    """

    claims: Claims = field(default_factory=Claims)
    markers: list[Marker] = field(default_factory=list)
    advances: list[ClockAdvance] = field(default_factory=list)


@dataclass
class TickScheduler:
    """Chooses the next tick or marker of one slot. Instants in ms; `sources` are all partitions of all in-topics.

    `holder` is the partition with the smallest claim, which holds ticks back.
    """

    settings: Settings
    control_state: ControlState
    sources: Sequence[Partition]
    holder: str = ""
    _last_append: int = 0

    def next_marker(self, checkpoint: SlotCheckpoint) -> Marker | None:
        """The next release marker that is not in this slot's journal partition."""
        markers = self.control_state.markers
        index = bisect_left(markers, checkpoint.definitions, key=attrgetter("offset"))
        return markers[index] if index < len(markers) else None

    def marker(self, account: str, number: int) -> Marker:
        """The marker of a release that was read. Raises StopIteration for another."""
        return next(
            marker for marker in self.control_state.markers if (marker.account, marker.number) == (account, number)
        )

    def next_advance(self, checkpoint: SlotCheckpoint) -> ClockAdvance | None:
        """The next record of `clock` that this slot has not answered with a tick."""
        advances = self.control_state.advances
        index = bisect_left(advances, checkpoint.clock, key=attrgetter("offset"))
        return advances[index] if index < len(advances) else None

    def is_advance_reached(self, advance: ClockAdvance) -> bool:
        """Whether every source partition's committed position has reached the end the advance names."""
        sources = set(self.sources)
        claims = self.control_state.claims
        return all(claims.position(source) >= end for source, end in advance.ends.items() if source in sources)

    def next_wall_tick(
        self, checkpoint: SlotCheckpoint, next_due: Callable[[int], int | None], now: int
    ) -> Tick | None:
        """The next tick of the wall clock: every `tick_ms` while something is due, else as a slow heartbeat.

        Its value is min(clock - grace, claims of all source partitions) and rises; there is none until every
        partition has a claim. The clock is the earlier of the worker's and the broker's. `next_due` is the decider's.
        """
        settings = alignment.AlignmentSettings.from_settings(self.settings)
        bound, self.holder = alignment.smallest_claim(self.sources, self.control_state.claims, settings)
        if bound is None:
            return None
        clock = min(now, self.control_state.claims.broker_time)
        at = min(clock - self.settings.grace_ms, bound)
        if at <= checkpoint.tick:
            return None
        due = next_due(at)
        is_due = due is not None and due < at
        pause = self.settings.tick_ms if is_due else self.settings.heartbeat_ms
        if now - self._last_append < pause:
            return None
        return Tick(at=at)

    def mark_appended(self, now: int) -> None:
        """Starts the pause until the next wall tick: a control record is committed."""
        self._last_append = now


def marker_at_arrival(marker: Marker, arrival: int) -> Marker:
    """On the wall clock a release takes effect at its arrival at the latest."""
    if marker.at is not None and marker.at <= arrival:
        return marker
    return msgspec.structs.replace(marker, at=arrival)
