"""What a slot appends to its own journal partition besides events, as far as it is announced: ticks and markers.

One at a time: nothing is appended while a tick or a marker is not finished for every contact, nor before the last one
came back through the journal.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import msgspec

from streams.engine.journal.records import Marker, Tick
from streams.kafka.partitions import Partition
from streams.runtime.checkpoint import Positions
from streams.runtime.time import alignment
from streams.runtime.time.claims import Claims
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Advance:
    """A record of the topic `clock`: the account's time is `at` once every partition has reached its end."""

    offset: int
    account: str
    at: int
    ends: dict[Partition, int]


@dataclass
class Announced:
    """What every slot must see, as one worker has read it. `markers` are valid releases, `advances` the events
    clock's; both in offset order.
    """

    claims: Claims = field(default_factory=Claims)
    markers: list[Marker] = field(default_factory=list)
    advances: list[Advance] = field(default_factory=list)


@dataclass
class Clockwork:
    """Chooses the next tick or marker of one slot. Instants in ms; `sources` are all partitions of all in-topics."""

    settings: Settings
    announced: Announced
    sources: Sequence[Partition]
    held_by: str = ""
    _last: int = 0

    def next_marker(self, positions: Positions) -> Marker | None:
        """The next release marker that this slot's journal partition does not hold."""
        markers = self.announced.markers
        index = bisect_left(markers, positions.definitions, key=attrgetter("offset"))
        return markers[index] if index < len(markers) else None

    def marker(self, account: str, number: int) -> Marker:
        """The marker of a release that was announced. Raises StopIteration for another."""
        return next(
            marker for marker in self.announced.markers if (marker.account, marker.number) == (account, number)
        )

    def next_advance(self, positions: Positions) -> Advance | None:
        """The next record of `clock` that this slot has not answered with a tick."""
        advances = self.announced.advances
        index = bisect_left(advances, positions.clock, key=attrgetter("offset"))
        return advances[index] if index < len(advances) else None

    def advance_reached(self, advance: Advance) -> bool:
        """Whether every source partition's committed position has reached the end the advance names."""
        ours = set(self.sources)
        claims = self.announced.claims
        return all(claims.position(source) >= end for source, end in advance.ends.items() if source in ours)

    def wall_tick(self, positions: Positions, next_due: int | None, now: int) -> Tick | None:
        """The next tick of the wall clock: every `tick_ms` while something is due, else as a slow heartbeat.

        Its value is min(clock - grace, claims of all source partitions) and rises; there is none until every
        partition has a claim. The clock is the earlier of the worker's and the broker's.
        """
        rules = alignment.Rules.of(self.settings)
        bound, self.held_by = alignment.smallest_claim(self.sources, self.announced.claims, rules)
        if bound is None:
            return None
        clock = min(now, self.announced.claims.broker_time)
        at = min(clock - self.settings.grace_ms, bound)
        if at <= positions.tick:
            return None
        due = next_due is not None and next_due < at
        pause = self.settings.tick_ms if due else self.settings.heartbeat_ms
        if now - self._last < pause:
            return None
        return Tick(at=at)

    def appended(self, now: int) -> None:
        """A tick is committed."""
        self._last = now


def marker_at_arrival(marker: Marker, arrival: int) -> Marker:
    """On the wall clock a release takes effect at its arrival at the latest."""
    if marker.at is not None and marker.at <= arrival:
        return marker
    return msgspec.structs.replace(marker, at=arrival)
