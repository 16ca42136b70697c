"""Computes the claims of a worker's in-topic partitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.kafka.partitions import Partition
from streams.runtime.inputs.partition_buffer import FetchEnds, PartitionBuffer
from streams.runtime.time.claims import Claim, Claims


@dataclass(slots=True)
class IdleTime:
    """How long a partition's claim (`idle`) and its stable end (`stuck`) have not moved; ms, counted while it has an
    owner.

    `stable` and `high` are its last known ends, 0 when none was ever known; `seen_at` is when this worker last saw
    them, None before it has.
    """

    claim: int
    updated_at: int
    stable: int = 0
    high: int = 0
    seen_at: int | None = None
    idle: int = 0
    stuck: int = 0


class ClaimTracker:
    """The claims of one worker's partitions; idle times go on from the former owner's."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._idle_times: dict[Partition, IdleTime] = {}

    def inherit(self, buffer: PartitionBuffer, name: Partition, claims: Claims) -> None:
        """At take-over: raises the buffer's claim to the former owner's; `name` is the partition without prefix."""
        # A worker that has owned the partition before has not counted since: the last owner has.
        self._idle_times.pop(name, None)
        state = claims.states.get(name)
        if state is not None:
            buffer.claim = max(buffer.claim, state.claim.claim)
        buffer.claim = max(buffer.claim, buffer.committed_arrival)

    def update_claim(
        self,
        buffer: PartitionBuffer,
        name: Partition,
        ends: Mapping[Partition, FetchEnds],
        claims: Claims,
        now: int,
        *,
        waits: bool = False,
    ) -> Claim:
        """The partition's claim at `now` (ms), which `buffer.claim` is raised to; `name` is the partition without
        prefix. `waits` says that a slot of this worker waits for the claims of others.
        """
        end = ends.get(buffer.partition)
        if end is not None and end.token != buffer.token:
            end = None
        # A former owner's last claim may come late: it is true all the same, and arrivals must not fall behind it.
        buffer.claim = max(next_claim(buffer, end), claims.claim(name))
        position = buffer.effective_position(end)
        idle_time = self._update(buffer.claim, self._idle_time_of(buffer, name, claims, now), end, now)
        # Before the first fetch answer, records may be there to read.
        has_unread = end is None or buffer.smallest_arrival() is not None or position < idle_time.stable
        readable = buffer.stop_reason is None and has_unread
        if not readable:
            idle_time.idle = 0
        return Claim(
            claim=buffer.claim,
            position=position,
            stable=idle_time.stable,
            high=idle_time.high,
            readable=readable,
            stood=idle_time.idle,
            stuck=idle_time.stuck,
            stopped=buffer.stop_reason or "",
            worker=self._worker,
            waits=waits,
        )

    def _idle_time_of(self, buffer: PartitionBuffer, name: Partition, claims: Claims, now: int) -> IdleTime:
        """The partition's idle time; at first the former owner's."""
        idle_time = self._idle_times.get(name)
        if idle_time is None:
            idle_time = self._idle_times[name] = IdleTime(buffer.claim, now)
            state = claims.states.get(name)
            if state is not None:
                former = state.claim
                idle_time.claim, idle_time.idle, idle_time.stuck = former.claim, former.stood, former.stuck
                idle_time.stable, idle_time.high = former.stable, former.high
        return idle_time

    def _update(self, claim: int, idle_time: IdleTime, end: FetchEnds | None, now: int) -> IdleTime:
        elapsed = max(0, now - idle_time.updated_at)
        idle_time.updated_at = now
        idle_time.idle = idle_time.idle + elapsed if claim == idle_time.claim else 0
        idle_time.claim = claim
        if end is not None:
            self._add_stuck(idle_time, end)
        if idle_time.stable >= idle_time.high:
            idle_time.stuck = 0
        return idle_time

    def _add_stuck(self, idle_time: IdleTime, end: FetchEnds) -> None:
        """Counts the time between two answers that have the same stable end. Time without answers does not count: a
        worker that was frozen, or whose broker is away, does not know what has come since.
        """
        if end.stable != idle_time.stable:
            idle_time.stuck = 0
        elif idle_time.seen_at is not None and idle_time.stable < idle_time.high:
            idle_time.stuck += max(0, end.sent_at - idle_time.seen_at)
        idle_time.stable, idle_time.high, idle_time.seen_at = end.stable, end.high, end.sent_at


def next_claim(buffer: PartitionBuffer, end: FetchEnds | None) -> int:
    """The largest of the last claim, the arrival of the last committed record, the smallest arrival of a record
    fetched and not committed, and the instant of the fetch that found everything read and committed; ms.
    """
    claim = max(buffer.claim, buffer.committed_arrival)
    smallest = buffer.smallest_arrival()
    if smallest is not None:
        return max(claim, smallest)
    if end is None or end.delivered_position != buffer.committed_position:
        return claim
    if end.position == end.stable == end.high:
        return max(claim, end.sent_at)
    return claim
