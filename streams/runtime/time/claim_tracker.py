"""How a slot's in-topic partitions stand: the claims its worker publishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.kafka.partitions import Partition
from streams.runtime.inputs.partition_buffer import FetchEnds, PartitionBuffer
from streams.runtime.time.claims import Claim, Claims


@dataclass(slots=True)
class IdleTime:
    """How long a partition's claim, and its stable end, have stood still; ms, counted while it has an owner.

    `stable` and `high` are the last that is known of its ends; 0 when nothing ever was.
    """

    claim: int
    updated_at: int
    stable: int = 0
    high: int = 0
    idle: int = 0
    stuck: int = 0


class ClaimTracker:
    """The claims of one slot's partitions, counted from what the former owner knew."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._idle_times: dict[Partition, IdleTime] = {}

    def inherit(self, buffer: PartitionBuffer, name: Partition, claims: Claims) -> None:
        """At take-over: the partition's claim so far holds, and so do its standing times."""
        known = claims.states.get(name)
        if known is not None:
            buffer.claim = max(buffer.claim, known.claim.claim)
        buffer.claim = max(buffer.claim, buffer.committed_arrival)

    def update_claim(
        self, buffer: PartitionBuffer, name: Partition, ends: Mapping[Partition, FetchEnds], claims: Claims, now: int
    ) -> Claim:
        """The partition's claim at this moment; `name` is the partition without prefix. Moves
        `buffer.update_claim`.
        """
        end = ends.get(buffer.partition)
        if end is not None and end.token != buffer.token:
            end = None
        # A former owner's last word may come late: it is a fact all the same, and arrivals must not fall behind it.
        buffer.claim = max(next_claim(buffer, end), claims.claim(name))
        position = buffer.effective_position(end)
        stood = self._update(buffer.claim, self._idle_time_of(buffer, name, claims, now), end, now)
        # Before the first fetch answer there may be anything to read.
        unread = end is None or buffer.smallest_arrival() is not None or position < stood.stable
        readable = buffer.stop_reason is None and unread
        if not readable:
            stood.idle = 0
        return Claim(
            claim=buffer.claim,
            position=position,
            stable=stood.stable,
            high=stood.high,
            readable=readable,
            stood=stood.idle,
            stuck=stood.stuck,
            stopped=buffer.stop_reason or "",
            worker=self._worker,
        )

    def _idle_time_of(self, buffer: PartitionBuffer, name: Partition, claims: Claims, now: int) -> IdleTime:
        """What is counted; at first what the former owner counted."""
        stood = self._idle_times.get(name)
        if stood is None:
            stood = self._idle_times[name] = IdleTime(buffer.claim, now)
            known = claims.states.get(name)
            if known is not None:
                former = known.claim
                stood.claim, stood.idle, stood.stuck = former.claim, former.stood, former.stuck
                stood.stable, stood.high = former.stable, former.high
        return stood

    def _update(self, claim: int, idle_time: IdleTime, end: FetchEnds | None, now: int) -> IdleTime:
        passed = max(0, now - idle_time.updated_at)
        idle_time.updated_at = now
        idle_time.idle = idle_time.idle + passed if claim == idle_time.claim else 0
        idle_time.claim = claim
        stable = end.stable if end is not None else idle_time.stable
        idle_time.stuck = idle_time.stuck + passed if stable == idle_time.stable else 0
        if end is not None:
            idle_time.stable, idle_time.high = end.stable, end.high
        if idle_time.stable >= idle_time.high:
            idle_time.stuck = 0
        return idle_time


def next_claim(buffer: PartitionBuffer, end: FetchEnds | None) -> int:
    """The largest of the last claim, the arrival of the last record committed, the smallest arrival among those
    fetched and not committed, and the moment of the fetch that found everything read and committed.
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
